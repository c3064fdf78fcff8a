import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Call, type Command, findMachine, isOnline } from "../call.js";
import { has, option, readLine, valueOf } from "../getopt.js";
import { newHardware, osTypesOf } from "../hardware.js";
import { forget, refuseSecond, usersOf } from "../media.js";
import { type Refusal, apiError, argumentError, notImplemented, plainError, syntaxError } from "../refusal.js";
import { type Release, atLeast } from "../release.js";
import { disksOf, readSettings, writeSettings } from "../settings-file.js";
import type { Machine, Medium } from "../state.js";

const createContext =
  "CreateMachine(bstrSettingsFile.raw(), bstrName.raw(), ComSafeArrayAsInParam(groups), bstrOsTypeId.raw(), " +
  "createFlags.raw(), machine.asOutParam())";

function createOptions(release: Release): ReturnType<typeof option>[] {
  const platform = option("platform-architecture", "string", "--platform-arch");
  const encryption = ["cipher", "password-id", "password"].map((each) => option(each, "string", `-${each}`));
  return [
    ...[option("name", "string", "-name"), option("groups"), option("basefolder", "string", "-basefolder")],
    ...[option("ostype", "string", "-ostype"), option("uuid", "uuid", "-uuid")],
    ...[option("register", "flag", "-register"), option("default", "flag", "-default")],
    ...(atLeast(release, "7.0") ? encryption : []),
    ...(atLeast(release, "7.1") ? [platform] : []),
  ];
}

export const createVm: Command = (call, args) => {
  const line = readLine(createOptions(call.release), args, 0);
  const name = valueOf(line, "name");
  if (name === undefined) throw syntaxError("Parameter --name is required");
  if (has(line, "default") || has(line, "password")) throw notImplemented("createvm --default, --password");
  const platform = platformOf(call, valueOf(line, "platform-architecture"), valueOf(line, "ostype"));
  const folder = valueOf(line, "basefolder");
  const base = folder === undefined ? machineFolder(call) : resolve(folder);
  const machine = newMachine(name, {
    uuid: (valueOf(line, "uuid") ?? randomUUID()).replace(/[{}]/g, ""),
    osType: valueOf(line, "ostype") ?? "Other",
    ...{ platform, groups: valueOf(line, "groups") ?? "/", file: join(base, name, `${name}.vbox`) },
  });
  refuseSecondMachine(call, machine);
  writeSettings(call, machine);
  if (has(line, "register")) call.state.machines.push(machine);
  call.print(`Virtual machine '${name}' is created${has(line, "register") ? " and registered" : ""}.`);
  call.print(`UUID: ${machine.uuid}`);
  call.print(`Settings file: '${machine.settingsFile}'`);
};

interface NewMachine {
  readonly uuid: string;
  readonly osType: string;
  readonly platform: Machine["platform"];
  readonly groups: string;
  readonly file: string;
}

export function newMachine(name: string, { uuid, osType, platform, groups, file }: NewMachine): Machine {
  return {
    ...{ uuid, name, groups, platform, settingsFile: file, hardware: newHardware(osType, platform) },
    ...{ state: "poweroff", stateChanged: new Date().toISOString(), stateFile: "" },
    ...{ extraData: {}, guestProperties: {}, snapshots: [], currentSnapshot: "" },
  };
}

/** Where VMs are made that are not told where. */
export function machineFolder(call: Call): string {
  return call.state.properties["machinefolder"] ?? join(call.home, "VirtualBox VMs");
}

/** @throws Refusal where the settings file, the name or the id is taken */
export function refuseSecondMachine(call: Call, { uuid, name, settingsFile }: Machine): void {
  const taken = call.state.machines.find((each) => each.uuid === uuid || each.name === name);
  const [code, message] = existsSync(settingsFile)
    ? (["FILE_ERROR", `Machine settings file '${settingsFile}' already exists`] as const)
    : ([
        "OBJECT_IN_USE",
        `Registered machine with UUID {${uuid}} ('${taken?.settingsFile ?? ""}') already exists`,
      ] as const);
  if (taken || existsSync(settingsFile)) {
    throw apiError(call.release, code, message, ["Machine", createContext]);
  }
}

/** Also the default of a host, which runs only VMs of its own architecture. */
function platformOf(call: Call, given: string | undefined, osType: string | undefined): Machine["platform"] {
  const known = osTypesOf(call.release).find(([id]) => id === osType);
  if (osType !== undefined && !known) throw unknownOsType(call, osType);
  const host = call.release.architecture === "arm" ? "ARM" : "x86";
  if (given === undefined) return known?.[2] ?? host;
  if (!/^(x86|arm)$/i.test(given)) throw argumentError(`Invalid --platform-architecture argument '${given}'`);
  return given.toLowerCase() === "arm" ? "ARM" : "x86";
}

function unknownOsType(call: Call, osType: string): Refusal {
  if (atLeast(call.release, "7.1")) return plainError("Unknown or invalid guest OS type given.");
  const message = `Guest OS type '${osType}' is invalid`;
  return apiError(call.release, "NOT_FOUND", message, ["VirtualBox", createContext]);
}

export const registerVm: Command = (call, args) => {
  const line = readLine(atLeast(call.release, "7.0") ? [option("password")] : [], args, 1);
  const [file] = line.words;
  if (file === undefined) throw syntaxError("VM file name required");
  const settings = existsSync(resolve(file)) ? readSettings(resolve(file)) : undefined;
  if (!settings) {
    const message = `Runtime error opening '${resolve(file)}' for reading: -102 (File not found.)`;
    throw apiError(call.release, "FAIL", message, [
      "Machine",
      "OpenMachine(Bstr(szVMFileAbs).raw(), machine.asOutParam())",
    ]);
  }
  const { machine, media } = settings;
  const taken = call.state.machines.some((each) => each.uuid === machine.uuid);
  if (taken) {
    const message = `Registered machine with UUID {${machine.uuid}} ('${machine.settingsFile}') already exists`;
    throw apiError(call.release, "OBJECT_IN_USE", message, ["VirtualBox", "RegisterMachine(machine)"]);
  }
  for (const medium of media) {
    if (call.state.media.some((each) => each.uuid === medium.uuid)) continue;
    refuseSecond(call, medium);
    call.state.media.push(medium);
  }
  call.state.machines.push({ ...machine, settingsFile: resolve(file) });
};

export const unregisterVm: Command = (call, args) => {
  const all = atLeast(call.release, "7.0") ? [option("delete-all", "flag", "-delete-all")] : [];
  const line = readLine([option("delete", "flag", "-delete"), ...all], args, 1);
  const [name] = line.words;
  if (name === undefined) throw syntaxError("VM name required");
  const machine = findMachine(call, name, "FindMachine(Bstr(VMName).raw(), machine.asOutParam())");
  if (isOnline(machine) || call.fault("locked")) {
    const message = `Cannot unregister the machine '${machine.name}' while it is locked`;
    throw apiError(call.release, "INVALID_OBJECT_STATE", message, [
      "Machine",
      "Unregister(CleanupMode_DetachAllReturnHardDisksOnly, ComSafeArrayAsOutParam(aMedia))",
    ]);
  }
  const disks = disksOf(machine);
  const media = call.state.media.filter((each) => disks.includes(each.uuid));
  call.state.machines.splice(call.state.machines.indexOf(machine), 1);
  const unused = media.filter((medium) => usersOf(call, medium).length === 0);
  for (const medium of unused.filter((each) => each.type === "hdd")) forget(call, medium);
  if (!has(line, "delete") && !has(line, "delete-all")) return;
  deleteFiles(
    call,
    machine,
    unused.filter((medium) => medium.type === "hdd" || has(line, "delete-all")),
  );
};

/** DVDs are deleted only where they are in the VM's folder; what else is in the folder stays. */
function deleteFiles(call: Call, machine: Machine, media: readonly Medium[]): void {
  const folder = dirname(machine.settingsFile);
  for (const medium of media) {
    if (medium.type !== "hdd" && !medium.location.startsWith(`${folder}/`)) continue;
    if (medium.type !== "hdd") forget(call, medium);
    rmSync(medium.location, { force: true });
  }
  call.complain("0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n");
  for (const file of [machine.settingsFile, `${machine.settingsFile}-prev`, machine.stateFile]) {
    if (file !== "") rmSync(file, { force: true });
  }
  for (const sub of ["Logs", "Snapshots"]) rmSync(join(folder, sub), { recursive: true, force: true });
  try {
    rmdirSync(folder);
  } catch {
    // Something of others is in it.
  }
}

/** Begins a new log, as each start of a VM does. */
export function writeLog(call: Call, machine: Machine): void {
  const folder = join(dirname(machine.settingsFile), "Logs");
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "VBox.log");
  if (existsSync(log)) writeFileSync(`${log}.1`, readFileSync(log));
  const lines = [
    `00:00:00.000000 VirtualBox VM ${call.release.version} linux.amd64 release log`,
    `00:00:00.000001 Log opened ${new Date().toISOString()}`,
    "00:00:00.100000 HM: HMR3Init: VT-x w/ nested paging and unrestricted guest execution hw support",
  ];
  writeFileSync(log, `${lines.join("\n")}\n`);
}
