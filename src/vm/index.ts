/** What drivers of virtual machines share: images, disks, the seed of the first boot, networks. */
export { fetchImage } from "./image/cache.js";
export { defaultImage } from "./image/catalogue.js";
export * from "./image/choose.js";
export type * from "./image/image.js";
export * from "./image/vdi.js";
export * from "./network/address.js";
export * from "./network/networks.js";
export * from "./seed/boot.js";
export * from "./seed/first-boot.js";
export * from "./seed/seed.js";
