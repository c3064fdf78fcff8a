import { poll, connectWithRetry } from "../../src/driver/index.js";
import { waitForBoot } from "../../src/vm/index.js";
import { files } from "./disk.js";
import { isOn } from "./remove.js";
import { needInfo } from "./start.js";
import { target, type VirtualBoxState, type VBoxMachine } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Waits until the machine's sshd responds; what its console prints is shown meanwhile. */
export function waitForSsh(vbox: VBoxManage, machine: VBoxMachine): Promise<void> {
  const boot = {
    name: machine.name,
    console: files(machine.dir).console,
    sshResponds: () => vbox.computer.sshResponds(machine.state.SSHPort),
    isOn: async () => isOn(await needInfo(vbox, machine)),
  };
  return waitForBoot(boot, vbox.io, 2_000);
}

/**
 * The address that boot2docker has got by DHCP, which changes: that of the adapter with the host-only one's MAC address.
 * @throws MachineError `failed` where it has none
 */
export async function findAddress(vbox: VBoxManage, machine: VBoxMachine): Promise<Pick<VirtualBoxState, "IPAddress">> {
  const { name, state } = machine;
  const shell = await connectWithRetry(vbox.io, target(state));
  const hint = `see whether DHCP works on its host-only network: machine ssh ${name} ip addr show`;
  return poll(vbox.io, `an address of ${name}`, { every: 2_000, limit: 60_000, hint }, async () => {
    const info = await needInfo(vbox, machine);
    const [, number = "2"] = /^hostonly(?:adapter|-network)(\d+)$/m.exec([...info.keys()].join("\n")) ?? [];
    const { stdout } = await shell.exec("ip addr show");
    const IPAddress = addressAt(stdout, info.get(`macaddress${number}`) ?? "");
    return IPAddress === undefined ? undefined : { IPAddress };
  });
}

/** In what `ip addr show` prints. @param mac twelve hexadecimal digits */
export function addressAt(text: string, mac: string): string | undefined {
  const adapters = text.split(/^(?=\d+: )/m);
  const wanted = (mac.toLowerCase().match(/../g) ?? []).join(":");
  const adapter = wanted === "" ? undefined : adapters.find((one) => one.includes(`link/ether ${wanted}`));
  return /^\s*inet ([\d.]+)\//m.exec(adapter ?? "")?.[1];
}
