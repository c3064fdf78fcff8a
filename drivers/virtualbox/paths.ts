import { join, posix, win32, type PlatformPath } from "node:path";
import type { Computer } from "./computer.js";

/** What the serial console prints. */
export function consoleOf(dir: string): string {
  return join(dir, "console.log");
}

/** How the computer writes the paths of its files. */
export function pathsOf({ platform }: Computer): PlatformPath {
  return platform === "win32" ? win32 : posix;
}
