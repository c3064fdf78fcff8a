import { open } from "node:fs/promises";
import { greets, isMachineError, MachineError, poll, reach, type Machine, type Shell } from "../../src/driver/index.js";
import { files } from "./disk.js";
import { isOn } from "./remove.js";
import { needInfo } from "./start.js";
import { target } from "./target.js";
import type { VirtualBoxState } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Waits until the machine's sshd greets: a forwarded port accepts connections long before. */
export async function waitForSsh(vbox: VBoxManage, machine: Machine<VirtualBoxState>): Promise<void> {
  const { name, dir, state } = machine;
  try {
    await poll(vbox.io, `ssh of ${name}`, { every: 2_000, limit: 600_000 }, async () => {
      if (await greets(state.SSHPort)) return true;
      if (isOn(await needInfo(vbox, machine))) return undefined;
      throw new MachineError("failed", `${name}: the virtual machine has ended instead of booting`);
    });
  } catch (error) {
    throw await withConsole(dir, error);
  }
}

async function withConsole(dir: string, error: unknown): Promise<unknown> {
  if (!isMachineError(error) || error.code === "interrupted") return error;
  const { console } = files(dir);
  return new MachineError(error.code, error.message, {
    hint: error.hint ?? `see what it has printed: ${console}`,
    output: error.output ?? (await endOf(console)),
    cause: error,
  });
}

/** The last lines of a file; undefined: it has none. */
async function endOf(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, Math.max(0, size - 4096));
    const text = buffer.subarray(0, bytesRead).toString().trimEnd();
    return text === "" ? undefined : text.split(/\r?\n/).slice(-20).join("\n");
  } finally {
    await file.close();
  }
}

/** A shell on the machine, which may still come up. */
export function shellOf(
  { io }: VBoxManage,
  { state }: Machine<VirtualBoxState>,
  tell: (line: string) => void,
): Promise<Shell> {
  return reach(io, target(state), tell);
}

/**
 * The address that boot2docker has got by DHCP: that of the adapter with the host-only one's MAC address.
 * @throws MachineError `failed` where it has none
 */
export async function findAddress(vbox: VBoxManage, machine: Machine<VirtualBoxState>, shell: Shell): Promise<string> {
  const { name } = machine;
  const hint = `see whether DHCP works on its host-only network: machine ssh ${name} ip addr show`;
  return poll(vbox.io, `an address of ${name}`, { every: 2_000, limit: 60_000, hint }, async () => {
    const info = await needInfo(vbox, machine);
    const [, number = "2"] = /^hostonly(?:adapter|-network)(\d+)$/m.exec([...info.keys()].join("\n")) ?? [];
    const { stdout } = await shell.exec("ip addr show");
    return addressAt(stdout, info.get(`macaddress${number}`) ?? "");
  });
}

/** In what `ip addr show` prints. @param mac twelve hexadecimal digits */
export function addressAt(text: string, mac: string): string | undefined {
  const adapters = text.split(/^(?=\d+: )/m);
  const wanted = (mac.toLowerCase().match(/../g) ?? []).join(":");
  const adapter = wanted === "" ? undefined : adapters.find((one) => one.includes(`link/ether ${wanted}`));
  return /^\s*inet ([\d.]+)\//m.exec(adapter ?? "")?.[1];
}
