import { readFile } from "node:fs/promises";
import { isNotInstalled, ok, warning, type Check, type Finding, type Io } from "../../src/driver/index.js";
import { findEngine, type ContainerEngine } from "./engine.js";
import { findNodeImage } from "./image.js";

type Program = ContainerEngine["Program"];

/** @param limitFile where the kernel says how many inotify instances a user may have */
export function checks(
  program: Program,
  limitFile = "/proc/sys/fs/inotify/max_user_instances",
  isRoot = process.getuid?.() === 0,
): readonly Check[] {
  return [
    { what: "engine", run: (io) => checkEngine(program, io) },
    { what: "image", run: (io) => checkImage(program, io) },
    { what: "inotify", run: (io) => checkInotify(program, limitFile, isRoot, io) },
  ];
}

async function checkEngine(program: Program, io: Io): Promise<Finding> {
  try {
    return ok(answersAt(await findEngine(program, io)));
  } catch (error) {
    const other = program === "docker" ? "podman" : "docker";
    const hasOther = isNotInstalled(error) && (await findEngine(other, io).catch(() => undefined)) !== undefined;
    if (!hasOther) throw error;
    return warning(`${program} is not installed, but ${other} is`, `machine settings set container-program ${other}`);
  }
}

function answersAt({ Program, Engine }: ContainerEngine): string {
  return Engine === "" ? `${Program} answers` : `${Program} answers at ${Engine}`;
}

async function checkImage(program: Program, io: Io): Promise<Finding | undefined> {
  const outer = await findEngine(program, io).catch(() => undefined);
  if (outer === undefined) return undefined;
  const image = await findNodeImage(io, outer);
  return ok(image === undefined ? "the first machine builds its image" : `${image.tag} holds engine ${image.holds}`);
}

/** Each machine takes about a dozen instances. The first one raises the limit, where its engine is root's. */
async function checkInotify(
  program: Program,
  limitFile: string,
  isRoot: boolean,
  io: Io,
): Promise<Finding | undefined> {
  const limit = Number(await readFile(limitFile, "utf8").catch(() => "0"));
  const outer = await findEngine(program, io).catch(() => undefined);
  if (limit === 0 || outer === undefined) return undefined;
  const isRootless = program === "podman" ? !isRoot : outer.Engine.includes("/run/user/");
  const machines = `inotify instances for about ${String(Math.floor(limit / 12))} machines`;
  if (limit >= raised) return ok(machines);
  if (!isRootless) return ok(`${machines}, which the first one raises`);
  return warning(`${machines}, which an engine without root cannot raise`, raise);
}

/** To as many as this: see templates/container/init.sh. */
const raised = 8192;

const raise = `sudo sysctl fs.inotify.max_user_instances=${String(raised)}, and the same in /etc/sysctl.d for good`;
