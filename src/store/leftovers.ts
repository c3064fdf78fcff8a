import { promises as fs } from "node:fs";
import { join } from "node:path";
import { leftoversIn } from "./file.js";
import { storePaths } from "./paths.js";

/** Directories of machines that are not there yet, or not any more. */
export const [halfPrefix, asidePrefix] = [".creating-", ".removing-"];

/** What processes that were killed have left in a store, and, while others are at work, what these are writing. */
export async function findLeftovers(root: string): Promise<readonly string[]> {
  const { certs, machines } = storePaths(root);
  const names = await fs.readdir(machines).catch(() => []);
  const isHalf = (name: string): boolean => name.startsWith(halfPrefix) || name.startsWith(asidePrefix);
  const [half, whole] = [names.filter(isHalf), names.filter((name) => !isHalf(name))];
  const places = [root, certs.dir, ...whole.map((name) => join(machines, name))];
  return [...half.map((name) => join(machines, name)), ...(await Promise.all(places.map(leftoversIn))).flat()];
}
