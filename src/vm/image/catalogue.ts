import builds from "./catalogue.json" with { type: "json" };
import type { Architecture, Image } from "./image.js";

/** An image that is known by a name. */
export interface CatalogueEntry extends Image {
  readonly name: string;
  readonly architecture: Architecture;
}

/** The image of a machine for which none is chosen. */
export const defaultImage = "debian-13";

/**
 * Images for machines, in the order in which they are shown: one build of each, so that the same name is the same bytes
 * everywhere until we choose another. Their publishers take old builds away after some months. Debian's are `generic`:
 * their kernel has the drivers of real hardware as well. Alpine's last image for arm64 whose digest we know is that of
 * 3.23.
 */
export const catalogue = builds as readonly CatalogueEntry[];
