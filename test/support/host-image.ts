import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./command.js";
import { type Engine, clientEnv, docker, tryDocker } from "./engine.js";

/**
 * A Debian as a provider would hand it out: "bare" is the newest stable one, "engine" the same with the newest engine,
 * "bare-bookworm" the one before it.
 */
export type HostImage = "bare" | "engine" | "bare-bookworm";

/** Makes sure that the engine has the images machine-test/bare, machine-test/engine and busybox. */
export async function buildHostImages(engine: Engine): Promise<void> {
  const images = { bare: "machine-test/bare", engine: "machine-test/engine", busybox: "busybox" };
  await build(engine, "trixie", { mirror: "machine-test/mirror", ...images });
}

/** The same for machine-test/bare-bookworm, which few tests need. */
export async function buildBookworm(engine: Engine): Promise<void> {
  await build(engine, "bookworm", { mirror: "machine-test/mirror-bookworm", bare: "machine-test/bare-bookworm" });
}

/** @param images stage of hosts.Dockerfile -> tag; a stage without a tag would be made anew by each run */
async function build(engine: Engine, release: string, images: Readonly<Record<string, string>>): Promise<void> {
  const computer = `machine-test/computer:${release}`;
  const node = join(templates, "node");
  const base = await baseImage(engine, release);
  await docker(engine, [
    ...["build", "--quiet", "--target", "computer", "--build-arg", `BASE=${base}`, "--tag", computer, node],
  ]);
  const dockerfile = join(import.meta.dirname, "hosts.Dockerfile");
  const options = ["--quiet", "--build-arg", `COMPUTER=${computer}`, "--file", dockerfile];
  for (const [target, tag] of Object.entries(images)) {
    await docker(engine, ["build", ...options, "--target", target, "--tag", tag, import.meta.dirname]);
  }
}

/** Saves the image busybox for `docker load` in a host, as hosts reach no registry. Returns the file's path. */
export async function saveBusybox(engine: Engine): Promise<string> {
  const tar = join(engine.folder, "busybox.tar");
  await docker(engine, ["save", "--output", tar, "busybox"]);
  return tar;
}

const templates = join(import.meta.dirname, "..", "..", "templates", "container");

/**
 * The name of a Debian, made once for each engine and state of the script, since no registry can be reached.
 * @param release default: the newest stable one
 */
export async function baseImage(engine: Engine, release = "trixie"): Promise<string> {
  const script = join(templates, "base.sh");
  const hash = createHash("sha256").update(await readFile(script));
  const tag = `machine-test/base:${release}-${hash.digest("hex").slice(0, 12)}`;
  if ((await tryDocker(engine, ["image", "inspect", tag])).code === 0) return tag;
  process.stderr.write(`making a base image of ${release} for the test hosts, once: about a minute\n`);
  await output("sh", [script, "docker", tag, release], { env: clientEnv(engine) });
  return tag;
}
