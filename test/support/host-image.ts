import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./command.js";
import { type Engine, clientEnv, docker, tryDocker } from "./engine.js";

/** A Debian as a provider would hand it out, without and with an engine. */
export type HostImage = "bare" | "engine";

/** Makes sure that the engine has the images machine-test/bare, machine-test/engine and busybox. */
export async function buildHostImages(engine: Engine): Promise<void> {
  const computer = "machine-test/computer";
  const node = join(templates, "node");
  const base = await baseImage(engine);
  await docker(engine, [
    ...["build", "--quiet", "--target", "computer", "--build-arg", `BASE=${base}`, "--tag", computer, node],
  ]);
  const dockerfile = join(import.meta.dirname, "hosts.Dockerfile");
  const options = ["--quiet", "--build-arg", `COMPUTER=${computer}`, "--file", dockerfile];
  const images = { bare: "machine-test/bare", engine: "machine-test/engine", busybox: "busybox" };
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

/** The name of a Debian, made once for each engine and state of the script, since no registry can be reached. */
export async function baseImage(engine: Engine): Promise<string> {
  const script = join(templates, "base.sh");
  const hash = createHash("sha256").update(await readFile(script));
  const tag = `machine-test/base:${hash.digest("hex").slice(0, 12)}`;
  if ((await tryDocker(engine, ["image", "inspect", tag])).code === 0) return tag;
  process.stderr.write("making a base image for the test hosts, once: about a minute\n");
  await output("sh", [script, "docker", tag], { env: clientEnv(engine) });
  return tag;
}
