/** What drivers of virtual machines, `image` and `console` share: images, disks, the seed of the first boot, networks. */
export { fetchImage, labelOf } from "./image/cache.js";
export { catalogue, defaultImage } from "./image/catalogue.js";
export * from "./image/choose.js";
export { shortDigest } from "./image/digest.js";
export type * from "./image/image.js";
export { megabytes } from "./image/progress.js";
export { pruneImages, storedImages, type StoredImage, type Use } from "./image/stored-images.js";
export * from "./image/vdi.js";
export * from "./network/address.js";
export * from "./network/networks.js";
export * from "./seed/boot.js";
export { cleanConsole, followConsole } from "./seed/console.js";
export * from "./seed/first-boot.js";
export * from "./seed/seed.js";
