// Makes a clone ready to run: installs the npm packages when they are missing or older than the lock file, then builds.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { exit } from "node:process";

const root = new URL("..", import.meta.url).pathname;

if (changed("node_modules/.package-lock.json") < changed("package-lock.json")) {
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of platforms which its maker could not fetch.
  const { status } = spawnSync("npm", ["install", "--no-save"], { cwd: root, stdio: "inherit" });
  if (status !== 0) exit(1);
}
await import("./build.mjs");

function changed(file) {
  return statSync(root + file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
