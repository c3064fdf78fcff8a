import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Call, type Command, findMachine, isOnline, setState } from "../call.js";
import { writeLog } from "../commands/create.js";
import { qemuFormat, readHardDisk } from "../disk-format.js";
import { option, readLine, valueOf } from "../getopt.js";
import { mediumOf } from "../media.js";
import { clearAddress, connect } from "../network.js";
import { isAlive, startDetached, startTime, until } from "../process.js";
import { apiError, notImplemented, syntaxError } from "../refusal.js";
import { atLeast, hasHostOnlyNets, ownFile } from "../release.js";
import { writeSettings } from "../settings-file.js";
import type { Forward, Machine, Run } from "../state.js";
import { ended } from "./observe.js";
import { type Plan, planQemu } from "./qemu.js";
import { monitor } from "./qmp.js";

export const startVm: Command = async (call, args) => {
  const table = [option("type", "string", "-type"), option("putenv"), option("password"), option("password-id")];
  const line = readLine(table, args, 100);
  if (line.words.length === 0) throw syntaxError("at least one VM name or uuid required");
  const type = valueOf(line, "type") ?? "gui";
  if (!["gui", "sdl", "headless", "separate", "emergencystop"].includes(type))
    throw notImplemented(`startvm --type ${type}`);
  for (const name of line.words) {
    const machine = findMachine(call, name, "FindMachine(Bstr(pszVM).raw(), machine.asOutParam())");
    if (type === "emergencystop") await stopAtOnce(machine);
    else await start(call, machine, name);
  }
};

async function stopAtOnce(machine: Machine): Promise<void> {
  if (machine.run) process.kill(machine.run.pid, "SIGKILL");
  await ended(machine);
}

async function start(call: Call, machine: Machine, name: string): Promise<void> {
  if (isOnline(machine) || call.fault("locked")) {
    const message = `The machine '${machine.name}' is already locked by a session (or being locked or unlocked)`;
    const context =
      "LaunchVMProcess(a->session, sessionType.raw(), ComSafeArrayAsInParam(aBstrEnv), progress.asOutParam())";
    throw apiError(call.release, "INVALID_OBJECT_STATE", message, ["Machine", context]);
  }
  call.print(`Waiting for VM "${name}" to power on...`);
  writeLog(call, machine);
  refuseHardware(call, machine);
  await refusePorts(call, machine);
  machine.run = call.release.guest === "qemu" ? await runQemu(call, machine) : await runIdle(call, machine);
  if (machine.state === "saved" && call.fault("dies-while-restoring")) return died(call, machine);
  if (machine.stateFile !== "") rmSync(machine.stateFile, { force: true });
  machine.stateFile = "";
  setState(machine, "running");
  writeSettings(call, machine);
  loseAddress(call);
  call.print(`VM "${name}" has been successfully started.`);
}

async function died(call: Call, machine: Machine): Promise<void> {
  await stopAtOnce(machine);
  setState(machine, atLeast(call.release, "7.0") ? "aborted-saved" : "saved");
  const message = `The virtual machine '${machine.name}' has terminated unexpectedly during startup because of signal 9`;
  throw apiError(call.release, "FAIL", message, ["Machine"]);
}

/** A fault of VirtualBox: an adapter that has lost its address once the VM runs. */
function loseAddress(call: Call): void {
  if (!call.fault("adapter-loses-address")) return;
  for (const each of call.state.hostOnly) {
    clearAddress(call.release, each);
    each.ip = "169.254.37.187";
  }
}

/** What is wrong with a VM's hardware on this computer, in the order in which it is powered on. */
function refuseHardware(call: Call, machine: Machine): void {
  const host = call.release.architecture === "arm" ? "ARM" : "x86";
  if (machine.platform !== host) {
    const message = `Cannot run the machine because its platform architecture ${machine.platform} is not supported on ${host}`;
    throw apiError(call.release, "PLATFORM_ARCH", message, ["Console"]);
  }
  for (const attachment of machine.hardware.controllers.flatMap((each) => each.attachments)) {
    refuseMedium(call, mediumOf(call, attachment));
  }
  for (const nic of machine.hardware.nics) {
    if (nic.attachment === "hostonly") refuseAdapter(call, nic.hostOnlyAdapter);
    if (nic.attachment !== "hostonlynetwork") continue;
    if (call.state.hostOnlyNets.some((each) => each.name === nic.hostOnlyNet)) continue;
    throw apiError(call.release, "FAIL", `Nonexistent host-only network '${nic.hostOnlyNet}'`, ["Console"]);
  }
}

function refuseMedium(call: Call, medium: ReturnType<typeof mediumOf>): void {
  if (!medium) return;
  const { location } = medium;
  if (!existsSync(location)) {
    const message = `Could not open the medium '${location}'.\nVD: error VERR_FILE_NOT_FOUND opening image file '${location}' (VERR_FILE_NOT_FOUND)`;
    throw apiError(call.release, "FAIL", message, ["Medium"]);
  }
  const uuid = medium.type === "hdd" ? readHardDisk(location)?.uuid : undefined;
  if (uuid === undefined || uuid === medium.uuid) return;
  const message =
    `UUID {${uuid}} of the medium '${location}' does not match the value {${medium.uuid}} stored in the media ` +
    `registry ('${join(call.home, "VirtualBox.xml")}')`;
  throw apiError(call.release, "FAIL", message, ["Medium"]);
}

function refuseAdapter(call: Call, name: string): void {
  if (hasHostOnlyNets(call.release)) {
    throw apiError(call.release, "FAIL", "Host-only adapters are no longer supported!", ["Console"]);
  }
  if (call.state.hostOnly.some((each) => each.name === name)) return;
  const message = `Nonexistent host networking interface, name '${name}' (VERR_INTERNAL_ERROR)`;
  throw apiError(call.release, "FAIL", message, ["Console"]);
}

/** From 7.1 a port that is taken keeps a VM from starting; before, it had only no forward. */
async function refusePorts(call: Call, machine: Machine): Promise<void> {
  for (const [slot, nic] of machine.hardware.nics.entries()) {
    if (nic.attachment !== "nat") continue;
    for (const { hostIp, hostPort, guestPort, protocol } of nic.forwards) {
      if (protocol === "udp" || (await isFree(hostIp, hostPort))) continue;
      if (!atLeast(call.release, "7.1")) continue;
      const message =
        `NAT#${String(slot)}: configuration error: failed to set up redirection of ${String(hostPort)} to ` +
        `${String(guestPort)}. Probably a conflict with existing services or other rules (VERR_NAT_REDIR_SETUP)`;
      throw apiError(call.release, "FAIL", message, ["Console"]);
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => {
      resolve(false);
    });
    server.listen({ port, ...(host !== "" && { host }) }, () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}

interface Files {
  readonly folder: string;
  readonly pidFile: string;
  readonly exitFile: string;
  readonly log: string;
  readonly qmp: string;
}

function filesOf(call: Call, machine: Machine): Files {
  const folder = ownFile(call.home, join("run", machine.uuid.slice(0, 8)));
  mkdirSync(folder, { recursive: true });
  const files = { pidFile: join(folder, "pid"), exitFile: join(folder, "exit"), qmp: join(folder, "qmp") };
  for (const file of Object.values(files)) rmSync(file, { force: true });
  return { ...files, folder, log: join(dirname(machine.settingsFile), "Logs", "VBox.log") };
}

/** A process that does nothing until something is written into its pipe. */
async function runIdle(call: Call, machine: Machine): Promise<Run> {
  const files = filesOf(call, machine);
  spawnSync("mkfifo", [files.qmp]);
  const pid = await startDetached(["sh", "-c", 'read line <"$1"', machine.uuid, files.qmp], files);
  return {
    pid,
    started: startTime(pid),
    exitFile: files.exitFile,
    qmp: files.qmp,
    helpers: [],
    paused: false,
    drives: drivesOf(machine),
  };
}

function drivesOf(machine: Machine): Record<string, string> {
  const names = machine.hardware.controllers.flatMap(({ name, attachments }) =>
    attachments.map(({ port, device }) => [`${name}-${String(port)}-${String(device)}`, ""] as const),
  );
  return Object.fromEntries(names);
}

async function runQemu(call: Call, machine: Machine): Promise<Run> {
  const files = filesOf(call, machine);
  const plan = planQemu(call, await withoutTakenPorts(machine), files);
  const helpers = plan.disks.map((disk) => serveDisk(disk, files.folder));
  const pid = await startDetached(["qemu-system-x86_64", ...plan.args], files);
  try {
    await until(() => existsSync(files.qmp) || !isAlive(pid), 20_000);
    await begin(call, machine, plan, files.qmp);
    const run = { pid, started: startTime(pid), exitFile: files.exitFile, qmp: files.qmp };
    return { ...run, helpers, paused: false, drives: { ...plan.drives } };
  } catch (error) {
    for (const each of [pid, ...helpers]) if (isAlive(each)) process.kill(each, "SIGKILL");
    throw new Error(`QEMU does not run the VM: ${readFileSync(files.log, "utf8")}`, { cause: error });
  }
}

async function withoutTakenPorts(machine: Machine): Promise<Machine> {
  const copy = structuredClone(machine);
  for (const nic of copy.hardware.nics) {
    const free: Forward[] = [];
    for (const each of nic.forwards)
      if (each.protocol === "udp" || (await isFree(each.hostIp, each.hostPort))) free.push(each);
    nic.forwards = free;
  }
  return copy;
}

/** It ends by itself when QEMU lets go of the disk. @returns its id */
function serveDisk({ file, format, socket }: Plan["disks"][number], folder: string): number {
  rmSync(socket, { force: true });
  const pidFile = join(folder, "nbd");
  const options = ["--fork", "--pid-file", pidFile, "--socket", socket, "--cache=writeback"];
  const name = qemuFormat(format as Parameters<typeof qemuFormat>[0]);
  const { status, stderr } = spawnSync("qemu-nbd", [...options, "--format", name, file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`qemu-nbd: ${stderr}`);
  return Number(readFileSync(pidFile, "utf8"));
}

async function begin(call: Call, machine: Machine, { taps }: Plan, qmp: string): Promise<void> {
  // It answers only when all its devices are there.
  await monitor(qmp, { execute: "query-status" });
  for (const { tap, adapter } of taps) {
    const device = call.state.hostOnly.find((each) => each.name === adapter)?.device ?? "";
    const failure = connect(call.release, tap, device);
    if (failure !== undefined) throw apiError(call.release, "FAIL", failure, ["Console"]);
  }
  if (machine.stateFile !== "") await restored(qmp);
  for (const [slot, { attachment, cable }] of machine.hardware.nics.entries()) {
    if (attachment === "none" || cable === "on") continue;
    await monitor(qmp, { execute: "set_link", arguments: { name: `nic${String(slot + 1)}`, up: false } });
  }
  await monitor(qmp, { execute: "cont" });
}

async function restored(qmp: string): Promise<void> {
  for (;;) {
    const { status } = (await monitor(qmp, { execute: "query-status" })) as { status: string };
    if (status !== "inmigrate") return;
    await setTimeout(50);
  }
}
