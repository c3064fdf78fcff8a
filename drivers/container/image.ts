import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, templatesFolder, type Io, isExpected } from "../../src/driver/index.js";
import { engine, outputOf, type Outer } from "./engine.js";

const debian = "debian:trixie-slim";

/**
 * The name of our node image, which is built when the engine has none of the present templates: from a Debian image
 * that the engine has or can pull, else from one that debootstrap makes.
 */
export async function nodeImage(io: Io, outer: Outer): Promise<string> {
  const folder = join(await templatesFolder(import.meta.dirname), "container");
  const tag = `machine-node:${await digest(join(folder, "node"))}`;
  if (await has(io, outer, tag)) return tag;
  return io.lock("container-image", async () => {
    if (await has(io, outer, tag)) return tag;
    const base = await baseImage(io, outer, folder);
    const build = ["build", "--tag", tag, "--build-arg", `BASE=${base}`, join(folder, "node")];
    await engine(io, outer, build, { onLine: io.output });
    return tag;
  });
}

/** Of all that the image is made of, so that a changed template makes another image. */
async function digest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(folder)).sort())
    hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest("hex").slice(0, 12);
}

async function has(io: Io, outer: Outer, tag: string): Promise<boolean> {
  try {
    await engine(io, outer, ["image", "inspect", tag]);
    return true;
  } catch (error) {
    if (/no such (image|object)|image not known/i.test(outputOf(error))) return false;
    throw error;
  }
}

async function baseImage(io: Io, outer: Outer, folder: string): Promise<string> {
  if (await has(io, outer, debian)) return debian;
  try {
    await engine(io, outer, ["pull", debian], { onLine: io.output });
    return debian;
  } catch (error) {
    if (!isExpected(error)) throw error;
    io.output(`${debian} cannot be pulled: debootstrap makes a base image`);
    const tag = "machine-base:debootstrap";
    await debootstrap(io, outer, [join(folder, "base.sh"), outer.Program, tag], error);
    return tag;
  }
}

async function debootstrap(io: Io, outer: Outer, args: readonly string[], pull: MachineError): Promise<void> {
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
