import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Call, type Command, findMachine, isOnline, lockForWriting } from "../call.js";
import { has, option, readLine, valueOf } from "../getopt.js";
import { apiError, notImplemented, plainError, syntaxError } from "../refusal.js";
import { atLeast } from "../release.js";
import { writeSettings } from "../settings-file.js";
import { readState } from "../state.js";

export const setExtraData: Command = (call, [name, key, value, ...more]) => {
  if (name === undefined || key === undefined || more.length > 0) {
    throw syntaxError(more.length > 0 ? "Too many parameters" : "Not enough parameters");
  }
  const machine = name === "global" ? undefined : findMachine(call, name);
  const data = machine ? machine.extraData : call.state.extraData;
  if (value === undefined || value === "") Reflect.deleteProperty(data, key);
  else data[key] = value;
  if (machine) writeSettings(call, machine);
};

export const getExtraData: Command = (call, [name, key, ...more]) => {
  if (name === undefined || more.length > 0) throw syntaxError("Incorrect number of parameters");
  const data = name === "global" ? call.state.extraData : findMachine(call, name).extraData;
  if (key !== undefined && key !== "enumerate") {
    printValue(call, data[key]);
    return;
  }
  for (const [each, value] of Object.entries(data)) call.print(`Key: ${each}, Value: ${value}`);
};

function printValue(call: Call, value: string | undefined): void {
  call.print(value === undefined ? "No value set!" : `Value: ${value}`);
}

export const guestProperty: Command = async (call, [action, name, ...args]) => {
  if (action === undefined) throw syntaxError("Incorrect parameters");
  const actions: Readonly<Record<string, (machine: string, rest: readonly string[]) => void | Promise<void>>> = {
    get: (machine, rest) => {
      getProperty(call, machine, rest);
    },
    set: (machine, rest) => {
      setProperty(call, machine, rest);
    },
    enumerate: (machine, rest) => {
      enumerate(call, machine, rest);
    },
    wait: (machine, rest) => waitFor(call, machine, rest),
    unset: (machine, rest) => {
      setProperty(call, machine, rest.slice(0, 1));
    },
    delete: (machine, rest) => {
      setProperty(call, machine, rest.slice(0, 1));
    },
  };
  const run = actions[action];
  if (!run) throw syntaxError(`Unknown subcommand: ${action}`);
  if (name === undefined) throw syntaxError("Incorrect parameters");
  await run(name, args);
};

function getProperty(call: Call, name: string, args: readonly string[]): void {
  const line = readLine([option("verbose", "flag", "-verbose")], args, 1);
  const [key] = line.words;
  if (key === undefined) throw syntaxError("Incorrect parameters");
  printValue(call, findMachine(call, name).guestProperties[key]);
}

function setProperty(call: Call, name: string, args: readonly string[]): void {
  const [key, value] = readLine([option("flags", "string", "-flags")], args, 2).words;
  if (key === undefined) throw syntaxError("Incorrect parameters");
  const machine = findMachine(call, name);
  if (value === undefined || value === "") Reflect.deleteProperty(machine.guestProperties, key);
  else machine.guestProperties[key] = value;
  writeSettings(call, machine);
}

/** The format changed with 7.0. */
function enumerate(call: Call, name: string, args: readonly string[]): void {
  const seven = atLeast(call.release, "7.0");
  const options = seven
    ? ["no-timestamp", "no-flags", "relative", "old-format"].map((each) => option(each, "flag"))
    : [];
  const line = readLine([...options, option("patterns", "string", "-patterns")], args, 100);
  const entries = Object.entries(findMachine(call, name).guestProperties);
  const time = String(Date.now() * 1_000_000);
  for (const [key, value] of entries) {
    if (!seven || has(line, "old-format")) call.print(`Name: ${key}, value: ${value}, timestamp: ${time}, flags: `);
    else
      call.print(`${key.padEnd(50)} = '${value}'${has(line, "no-timestamp") ? "" : ` @ ${new Date().toISOString()}`}`);
  }
}

async function waitFor(call: Call, name: string, args: readonly string[]): Promise<void> {
  const table = [option("timeout", "uint", "-timeout"), option("fail-on-timeout", "flag", "-fail-on-timeout")];
  const line = readLine(table, args, 1);
  const [pattern] = line.words;
  if (pattern === undefined) throw syntaxError("Incorrect parameters");
  const machine = findMachine(call, name);
  const before = JSON.stringify(machine.guestProperties);
  const end = Date.now() + Number(valueOf(line, "timeout") ?? 3_600_000);
  while (Date.now() < end) {
    const now = readState(call.home).machines.find((each) => each.uuid === machine.uuid)?.guestProperties ?? {};
    if (JSON.stringify(now) !== before) throw notImplemented("guestproperty wait that sees a change");
    await setTimeout(50);
  }
  call.complain("Time out or interruption while waiting for a notification.\n");
  if (has(line, "fail-on-timeout")) throw Object.assign(plainError(), { exitCode: 2 });
}

export const sharedFolder: Command = (call, [action, name, ...args]) => {
  if (action === undefined || name === undefined) throw syntaxError("Not enough parameters");
  if (action === "add") addFolder(call, name, args);
  else if (action === "remove") removeFolder(call, name, args);
  else throw syntaxError(`Invalid parameter '${action}'`);
};

const folderOptions = [
  ...[
    option("name", "string", "-name"),
    option("hostpath", "string", "-hostpath"),
    option("readonly", "flag", "-readonly"),
  ],
  ...[option("transient", "flag", "-transient"), option("automount", "flag", "-automount"), option("auto-mount-point")],
];

function addFolder(call: Call, name: string, args: readonly string[]): void {
  const machine = findMachine(call, name);
  const line = readLine(folderOptions, args, 0);
  const [folder, path] = [valueOf(line, "name"), valueOf(line, "hostpath")];
  if (folder === undefined || path === undefined) throw syntaxError(`Parameters --name and --hostpath are required`);
  if (has(line, "transient") && !isOnline(machine)) throw plainError(`Machine '${name}' is not currently running.`);
  if (!has(line, "transient")) lockForWriting(call, machine);
  const context =
    "CreateSharedFolder(Bstr(name).raw(), Bstr(hostpath).raw(), fWritable, fAutoMount, Bstr(pszAutoMountPoint).raw())";
  if (machine.hardware.sharedFolders.some((each) => each.name === folder)) {
    throw apiError(call.release, "OBJECT_IN_USE", `Shared folder named '${folder}' already exists`, [
      "SessionMachine",
      context,
    ]);
  }
  if (!isAbsolute(path) || (call.release.guest === "qemu" && !existsSync(path))) {
    throw apiError(call.release, "INVALIDARG", `Shared folder path '${path}' is not absolute`, [
      "SessionMachine",
      context,
    ]);
  }
  machine.hardware.sharedFolders.push({ name: folder, path });
  writeSettings(call, machine);
}

function removeFolder(call: Call, name: string, args: readonly string[]): void {
  const machine = findMachine(call, name);
  const line = readLine([option("name", "string", "-name"), option("transient", "flag", "-transient")], args, 0);
  const folder = valueOf(line, "name");
  if (folder === undefined) throw syntaxError("Parameter --name is required");
  const found = machine.hardware.sharedFolders.find((each) => each.name === folder);
  if (!found) {
    const message = `Could not find a shared folder named '${folder}'`;
    throw apiError(call.release, "FILE_ERROR", message, ["SessionMachine", "RemoveSharedFolder(Bstr(name).raw())"]);
  }
  if (!has(line, "transient")) lockForWriting(call, machine);
  machine.hardware.sharedFolders = machine.hardware.sharedFolders.filter((each) => each !== found);
  writeSettings(call, machine);
}
