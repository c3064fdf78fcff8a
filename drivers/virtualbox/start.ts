import { readFile, rm } from "node:fs/promises";
import { freePort, isFree, MachineError, reserve, isExpected } from "../../src/driver/index.js";
import { addDhcpServer } from "./dhcp.js";
import { files } from "./disk.js";
import { failureOf, saidBy, trapIn } from "./failure.js";
import { hostOnlyArguments } from "./hardware.js";
import { ensureNetwork, mendAdapter } from "./make-network.js";
import { hasHostOnlyNets } from "./network.js";
import { pathsOf } from "./paths.js";
import { isBoot2Docker, vmOf, type VBoxMachine, type VBoxChanges } from "./state.js";
import { infoOf, type VBoxManage } from "./vboxmanage.js";

type Info = ReadonlyMap<string, string>;

/**
 * Starts the virtual machine from whatever state it is in, with its network and a port of this computer for ssh; does
 * not wait until it is up. Returns what changed.
 */
export async function startVm(vbox: VBoxManage, machine: VBoxMachine): Promise<VBoxChanges> {
  const info = await needInfo(vbox, machine);
  const { state } = machine;
  const UUID = info.get("UUID") ?? state.UUID;
  const known: VBoxChanges = UUID === undefined ? {} : { UUID };
  const status = info.get("VMState") ?? "";
  if (status === "paused") {
    await vbox.run("controlvm", vmOf(state), "resume");
    return known;
  }
  if (status === "running" || status === "starting") return known;
  const isFresh = !/saved$/.test(status);
  const HostOnlyNetwork = isFresh ? await connect(vbox, machine, info) : state.HostOnlyNetwork;
  if (isFresh) await rm(files(machine.dir).console, { force: true });
  const SSHPort = await startWithPort(vbox, machine, info, state.SSHPort);
  if (HostOnlyNetwork !== undefined) await mendAdapter(vbox, { ...state, HostOnlyNetwork });
  return { ...known, SSHPort, ...(HostOnlyNetwork === undefined ? {} : { HostOnlyNetwork }) };
}

/** @throws MachineError `not-found` when somebody has removed it */
export async function needInfo(vbox: VBoxManage, { name, state }: VBoxMachine): Promise<Info> {
  const info = await infoOf(vbox, vmOf(state));
  if (info !== undefined) return info;
  throw new MachineError("not-found", `${name}: VirtualBox has no virtual machine ${vmOf(state)}`, {
    hint: `another user may have it, or it was removed: then machine rm ${name}`,
  });
}

/** The second adapter on the host-only network, and a DHCP server there for boot2docker. Returns the network's name. */
async function connect(vbox: VBoxManage, { state }: VBoxMachine, info: Info): Promise<string> {
  const isNet = await hasHostOnlyNets(vbox);
  const network = await ensureNetwork(vbox, state, async (made, where) => {
    if (isBoot2Docker(state) && !isNet) await addDhcpServer(vbox, made, where, !state.HostOnlyNoDHCP);
  });
  const present = info.get(isNet ? "hostonly-network2" : "hostonlyadapter2");
  const isConnected = present === network.name && /^hostonly/.test(info.get("nic2") ?? "");
  if (!isConnected) await vbox.run(...hostOnlyArguments(state, network, isNet));
  return network.name;
}

/** Chooses the port anew when somebody else takes it in between. */
async function startWithPort(
  vbox: VBoxManage,
  machine: VBoxMachine,
  info: Info,
  last: number,
  triesLeft = 3,
): Promise<number> {
  const vm = vmOf(machine.state);
  const port = await choosePort(vbox, machine, last);
  await forward(vbox, vm, info, port);
  try {
    await vbox.run("startvm", vm, "--type", machine.state.UIType);
  } catch (error) {
    if (/successfully started/.test(saidBy(error))) return port;
    if (triesLeft > 1 && isAboutPort(saidBy(error)) && !(await isFree(port))) {
      return startWithPort(vbox, machine, (await infoOf(vbox, vm)) ?? info, 0, triesLeft - 1);
    }
    throw await withLog(vbox, machine, info, error);
  }
  return port;
}

function isAboutPort(said: string): boolean {
  return /VERR_NET_ADDRESS_IN_USE|VERR_ALREADY_EXISTS|port|NAT/i.test(said);
}

/** @param last the port that it had, which it keeps while that is free; 0: none */
async function choosePort(vbox: VBoxManage, machine: VBoxMachine, last: number): Promise<number> {
  const [port] = await reserve(vbox.io, machine, "ports", async (taken) => {
    const keeps = last > 0 && !taken.has(String(last)) && (await isFree(last));
    return [String(keeps ? last : await freePort(new Set([...taken].map(Number))))];
  });
  return Number(port);
}

/** One rule alone: VirtualBox 7.0.0 shows, and 7.2.0 serves, no more. */
async function forward(vbox: VBoxManage, vm: string, info: Info, port: number): Promise<void> {
  const rule = `ssh,tcp,127.0.0.1,${String(port)},,22`;
  const rules = [...info].flatMap(([key, value]) => (key.startsWith("Forwarding(") ? [value] : []));
  if (rules.includes(rule)) return;
  const set = (): Promise<string> => vbox.run("modifyvm", vm, "--natpf1", rule);
  const unset = (): Promise<string> => vbox.run("modifyvm", vm, "--natpf1", "delete", "ssh");
  if (rules.some((one) => one.startsWith("ssh,"))) await unset();
  await set().catch(async (error: unknown) => {
    if (!/already exists/.test(saidBy(error))) throw error;
    await unset();
    await set();
  });
}

/** VirtualBox's own log often says why, when its program does not. */
async function withLog(vbox: VBoxManage, { name, dir }: VBoxMachine, info: Info, error: unknown): Promise<unknown> {
  if (!isExpected(error)) return error;
  const path = pathsOf(vbox.computer);
  const folder = info.get("LogFldr") ?? path.join(dir, name, "Logs");
  const log = await readFile(path.join(folder, "VBox.log"), "utf8").catch(() => "");
  if (trapIn(saidBy(error)) !== undefined || log === "") return error;
  const end = log.trimEnd().split(/\r?\n/).slice(-10).join("\n");
  return failureOf(
    name,
    "startvm",
    [saidBy(error), trapIn(log) === undefined ? end : log.slice(-20_000)].join("\n"),
    error,
  );
}
