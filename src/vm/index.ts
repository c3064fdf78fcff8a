/** What drivers of virtual machines share: images, disks, the seed of the first boot, networks. */
export * from "./address.js";
export * from "./console.js";
export * from "./first-boot.js";
export * from "./image.js";
export * from "./networks.js";
export * from "./seed.js";
export * from "./vdi.js";
