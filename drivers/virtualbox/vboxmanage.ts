import { win32 } from "node:path";
import { isNotInstalled, MachineError, type Io, isExpected } from "../../src/driver/index.js";
import type { Computer } from "./computer.js";
import { failureOf, notFound, saidBy } from "./failure.js";
import { pathsOf } from "./paths.js";
import { isAtLeast, parseInfo, parseVersion, type Version } from "./parse.js";

/** VirtualBox's program, for one machine. */
export interface VBoxManage {
  readonly computer: Computer;
  readonly io: Io;
  /** Runs it and returns what it printed; waits up to ten seconds for what is about to be over. */
  run(...args: readonly string[]): Promise<string>;
  /** Asked for once. @throws MachineError `precheck` for one that is too old */
  version(): Promise<Version>;
}

/** @param machine named in errors; empty: none */
export function vboxManage(io: Io, computer: Computer, machine: string): VBoxManage {
  const run = async (...args: readonly string[]): Promise<string> => {
    const program = await findProgram(computer, io.env);
    return patiently(io, () => once(io, program, machine, args));
  };
  let version: Promise<Version> | undefined;
  return { io, computer, run, version: () => (version ??= run("--version").then(supported)) };
}

const oldest = [5, 2] as const;

function supported(text: string): Version {
  const version = parseVersion(text);
  if (version !== undefined && isAtLeast(version, ...oldest)) return version;
  throw new MachineError("precheck", `VirtualBox ${version?.text ?? JSON.stringify(text.trim())} is too old`, {
    hint: `install ${oldest.join(".")} or later, best 7: https://www.virtualbox.org`,
  });
}

/** Translations and the user's own words for yes and no are not for parsers. */
const plain = { LANG: "C", LC_ALL: "C", LANGUAGE: undefined };

async function once(io: Io, program: string, machine: string, args: readonly string[]): Promise<string> {
  const command = args[0] ?? "";
  const { stdout, stderr } = await io.run(program, args, { env: plain }).catch((error: unknown) => {
    if (!isExpected(error)) throw error;
    if (isNotInstalled(error)) throw notFound(error);
    throw failureOf(machine, command, error.output ?? error.message, error);
  });
  // A fatal error does not always become the exit status.
  if (/^VBoxManage(\.exe)?: error:/m.test(stderr)) throw failureOf(machine, command, stderr);
  return stdout;
}

const passing =
  /The object is not ready|already locked (for|by) a session|being (un)?locked|E_ACCESSDENIED[^\n]*(LockMachine|Session)/;

async function patiently<T>(io: Io, work: () => Promise<T>): Promise<T> {
  const end = io.now() + 10_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (io.now() >= end || !passing.test(saidBy(error))) throw error;
      await io.sleep(500);
    }
  }
}

/** Where the installers put it, in the order in which docker-machine looks; else the system finds it in PATH. */
async function findProgram(computer: Computer, env: Io["env"]): Promise<string> {
  const name = computer.platform === "win32" ? "VBoxManage.exe" : "VBoxManage";
  for (const folder of folders(computer.platform, env)) {
    const program = pathsOf(computer).join(folder, name);
    if (await computer.exists(program)) return program;
  }
  return "VBoxManage";
}

function folders(platform: string, env: Io["env"]): readonly string[] {
  const listed = (value: string | undefined, separator: string): string[] =>
    (value ?? "").split(separator).filter((folder) => folder !== "");
  if (platform === "darwin") return [...listed(env["PATH"], ":"), "/Applications/VirtualBox.app/Contents/MacOS"];
  if (platform !== "win32") return [];
  const programs = [env["ProgramFiles"], env["ProgramW6432"], "C:\\Program Files"];
  return [
    ...["VBOX_INSTALL_PATH", "VBOX_MSI_INSTALL_PATH"].flatMap((name) => listed(env[name], ";")),
    ...programs.flatMap((folder) => (folder ? [win32.join(folder, "Oracle", "VirtualBox")] : [])),
  ];
}

/**
 * What is known of a virtual machine; undefined: there is none. One whose settings cannot be read is called
 * `<inaccessible>`, as VirtualBox before 7.2 calls it.
 */
export async function infoOf(vbox: VBoxManage, vm: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return parseInfo(await vbox.run("showvminfo", vm, "--machinereadable"));
  } catch (error) {
    if (isGone(error)) return undefined;
    if (isInaccessible(error)) return new Map([["name", "<inaccessible>"]]);
    throw error;
  }
}

/** True for the error of a call on a virtual machine whose settings cannot be read, e.g. as its disk is not mounted. */
export function isInaccessible(error: unknown): boolean {
  return /inaccessible|object functionality is limited|E_ACCESSDENIED/.test(saidBy(error));
}

/** True for the error of a call on a virtual machine that VirtualBox does not know. */
export function isGone(error: unknown): boolean {
  return /Could not find a registered machine|VBOX_E_OBJECT_NOT_FOUND/.test(saidBy(error));
}
