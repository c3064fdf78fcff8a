import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, templatesFolder, type Io, isExpected } from "../../src/driver/index.js";
import { engine, outputOf, type ContainerEngine } from "./engine.js";

/** The newest stable Debian, whose engine the machines have. */
const release = "trixie";
const debian = `debian:${release}-slim`;

/** Our node image, and the version of the engine in it, e.g. `26.1.5+dfsg1`. */
export interface NodeImage {
  readonly tag: string;
  readonly holds: string;
}

/**
 * Our node image, which is built when the engine has none of the present templates: from a Debian image that the engine
 * has or can pull, else from one that debootstrap makes.
 */
export async function nodeImage(io: Io, outer: ContainerEngine): Promise<NodeImage> {
  return (
    (await findNodeImage(io, outer)) ??
    io.lock("container-image", async () => (await findNodeImage(io, outer)) ?? buildNodeImage(io, outer))
  );
}

/** Undefined where it has not been built yet. */
export async function findNodeImage(io: Io, outer: ContainerEngine): Promise<NodeImage | undefined> {
  const tag = await nodeTag();
  const found = await find(io, outer, tag);
  return found === undefined ? undefined : { tag, holds: found };
}

async function nodeTag(): Promise<string> {
  return `machine-node:${await digest(join(await containerFolder(), "node"))}`;
}

async function containerFolder(): Promise<string> {
  return join(await templatesFolder(import.meta.dirname), "container");
}

/** Twice, as only an image tells what it holds: the second build finds all steps made, and adds the label. */
async function buildNodeImage(io: Io, outer: ContainerEngine): Promise<NodeImage> {
  const folder = await containerFolder();
  const tag = await nodeTag();
  const base = await baseImage(io, outer, folder);
  const build = (...options: readonly string[]) =>
    engine(io, outer, ["build", ...options, "--build-arg", `BASE=${base}`, join(folder, "node")], {
      onLine: io.output,
    });
  const unlabelled = "machine-node:unlabelled";
  await build("--tag", unlabelled);
  const { stdout } = await engine(io, outer, [
    "run",
    "--rm",
    "--network=none",
    "--entrypoint=dockerd",
    unlabelled,
    "--version",
  ]);
  const holds = /version ([^\s,]+)/.exec(stdout)?.[1] ?? "";
  await build("--tag", tag, "--label", `${engineLabel}=${holds}`);
  await engine(io, outer, ["rmi", unlabelled]);
  return { tag, holds };
}

const engineLabel = "machine.engine";

/** Of all that the image is made of, so that a changed template makes another image. */
async function digest(folder: string): Promise<string> {
  const hash = createHash("sha256").update(debian);
  for (const name of (await readdir(folder)).sort())
    hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest("hex").slice(0, 12);
}

/** The label that says which engine an image holds, empty when it has none; undefined where there is no such image. */
async function find(io: Io, outer: ContainerEngine, tag: string): Promise<string | undefined> {
  try {
    const format = `{{index .Config.Labels "${engineLabel}"}}`;
    return (await engine(io, outer, ["image", "inspect", "--format", format, tag])).stdout.trim();
  } catch (error) {
    if (/no such (image|object)|image not known/i.test(outputOf(error))) return undefined;
    throw error;
  }
}

async function baseImage(io: Io, outer: ContainerEngine, folder: string): Promise<string> {
  if ((await find(io, outer, debian)) !== undefined) return debian;
  try {
    await engine(io, outer, ["pull", debian], { onLine: io.output });
    return debian;
  } catch (error) {
    if (!isExpected(error)) throw error;
    io.output(`${debian} cannot be pulled: debootstrap makes a base image`);
    const tag = "machine-base:debootstrap";
    await debootstrap(io, outer, [join(folder, "base.sh"), outer.Program, tag, release], error);
    return tag;
  }
}

async function debootstrap(io: Io, outer: ContainerEngine, args: readonly string[], pull: MachineError): Promise<void> {
  try {
    await io.run("sh", args, { onLine: io.output, env: outer.Engine === "" ? {} : { DOCKER_HOST: outer.Engine } });
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new MachineError("failed", `there is no base image: ${debian} cannot be pulled, nor made by debootstrap`, {
      hint: "connect to a registry, or run as root with debootstrap installed, or give --container-image",
      output: [pull.output, error.output].join("\n"),
      cause: error,
    });
  }
}
