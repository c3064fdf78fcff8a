import { MachineError, poll, reserve } from "../../src/driver/index.js";
import { cidrOf, isIn, lastOf, maskOf, networkOf, textOf, type Network } from "../../src/vm/index.js";
import { failureOf, saidBy } from "./failure.js";
import { chooseNetwork, hasHostOnlyNets, knownNetworks, type HostOnly } from "./network.js";
import { networkIn, type VirtualBoxState, type VBoxMachine, type VBoxChanges } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Networks are made by one program at a time: two that find none would make two. */
const lockName = "virtualbox";

/** Chooses a network, makes it where it is not there, and reserves an address on it that nobody else gets. */
export function chooseAddress(vbox: VBoxManage, machine: VBoxMachine): Promise<VBoxChanges> {
  return vbox.io.lock(lockName, async () => {
    const known = await knownNetworks(vbox);
    const network = chooseNetwork(machine.state.HostOnlyCIDR, known);
    const made = await ensured(vbox, network, known.hostOnly, machine.state.HostOnlyNetwork ?? "");
    const [IPAddress = ""] = await reserve(vbox.io, machine, "addresses", (taken) =>
      Promise.resolve([freeAddress(network, made.leased, taken, machine)]),
    );
    return { IPAddress, HostOnlyCIDR: cidrOf(network), HostOnlyNetwork: made.name };
  });
}

/**
 * The network of a machine that is about to start, made anew or mended: adapters lose their address, and go with an
 * update of VirtualBox.
 * @param then what else must be done under the lock
 */
export function ensureNetwork(
  vbox: VBoxManage,
  state: VirtualBoxState,
  then?: (made: HostOnly, network: Network) => Promise<void>,
): Promise<HostOnly> {
  return vbox.io.lock(lockName, async () => {
    const { hostOnly } = await knownNetworks(vbox);
    const network = networkOf(networkIn(state));
    if (network === undefined) throw new Error(`no network: ${state.HostOnlyCIDR}`);
    const made = await ensured(vbox, network, hostOnly, state.HostOnlyNetwork ?? "");
    await then?.(made, network);
    return made;
  });
}

/** Gives an adapter its address back, which some lose when a virtual machine starts. */
export async function mendAdapter(vbox: VBoxManage, state: VirtualBoxState): Promise<void> {
  if (await hasHostOnlyNets(vbox)) return;
  await vbox.io.lock(lockName, async () => {
    const { hostOnly } = await knownNetworks(vbox);
    const network = networkOf(networkIn(state));
    const lost = hostOnly.find((one) => one.name === state.HostOnlyNetwork && one.network === undefined);
    if (network === undefined || lost === undefined) return;
    await configure(vbox, lost.name, network);
  });
}

async function configure(vbox: VBoxManage, name: string, network: Network): Promise<void> {
  await vbox.run("hostonlyif", "ipconfig", name, "--ip", textOf(network.host), "--netmask", maskOf(network.prefix));
}

async function ensured(
  vbox: VBoxManage,
  network: Network,
  hostOnly: readonly HostOnly[],
  lastName: string,
): Promise<HostOnly> {
  const there = hostOnly.find((one) => one.network?.host === network.host && one.network.prefix === network.prefix);
  if (there !== undefined) return there;
  if (await hasHostOnlyNets(vbox)) return makeNet(vbox, network);
  const lost = hostOnly.find((one) => one.name === lastName && one.network === undefined);
  const name = lost?.name ?? (await makeAdapter(vbox, hostOnly));
  try {
    await configure(vbox, name, network);
  } catch (error) {
    if (lost === undefined) await vbox.run("hostonlyif", "remove", name).catch(() => undefined);
    throw /EnableStaticIPConfig|allowed ranges|E_ACCESSDENIED/.test(saidBy(error)) ? notAllowed(network, error) : error;
  }
  return { name, network, leased: lost?.leased ?? [] };
}

/** Up to here the network's own DHCP server may give addresses to anybody; ours are above. */
const lastLeased = 9;

async function makeNet(vbox: VBoxManage, network: Network): Promise<HostOnly> {
  const [lower, upper] = [network.host, Math.min(network.base + lastLeased, lastOf(network) - 1)];
  const name = `machine-${textOf(network.base)}`;
  const range = ["--netmask", maskOf(network.prefix), "--lower-ip", textOf(lower), "--upper-ip", textOf(upper)];
  await vbox.run("hostonlynet", "add", "--name", name, ...range, "--enable");
  return { name, network, leased: [[lower, upper]] };
}

async function makeAdapter(vbox: VBoxManage, before: readonly HostOnly[]): Promise<string> {
  let failure: unknown;
  const said = await vbox.run("hostonlyif", "create").catch((error: unknown) => {
    failure = error;
    return "";
  });
  const [, name] = /Interface '(.+)' was successfully created/.exec(said) ?? [];
  if (name !== undefined) return name;
  // There are calls that fail although they have made one.
  return poll(vbox.io, "a new host-only adapter", { limit: 10_000 }, async () => {
    const { hostOnly } = await knownNetworks(vbox);
    return hostOnly.find((one) => before.every((old) => old.name !== one.name))?.name;
  }).catch((error: unknown) => {
    throw failure ?? error;
  });
}

function notAllowed(network: Network, cause: unknown): MachineError {
  const { message, output } = failureOf("", "hostonlyif", saidBy(cause));
  const line = `* ${textOf(network.base)}/${String(network.prefix)}`;
  return new MachineError("failed", `${message}: ${cidrOf(network)}`, {
    hint: `take one in 192.168.56.0/21 with --virtualbox-hostonly-cidr, or add the line "${line}" to /etc/vbox/networks.conf, which then must also name 192.168.56.0/21`,
    output,
    cause,
  });
}

/** Low addresses are left to people and to DHCP servers' own. */
const lowest = 10;

/**
 * An address that no machine of this store has and no DHCP server gives away. Each machine begins to look at another
 * place, so that those of several stores do not meet.
 */
export function freeAddress(
  network: Network,
  leased: HostOnly["leased"],
  taken: ReadonlySet<string>,
  { name, state }: Pick<VBoxMachine, "name" | "state">,
): string {
  const first = lastOf(network) - network.base > 2 * lowest ? network.base + lowest : network.base + 1;
  const count = lastOf(network) - first;
  const start = Number.parseInt((state.HostOnlyMAC ?? "").slice(-6), 16) || 0;
  for (let step = 0; step < count; step++) {
    const address = first + ((start + step) % count);
    const isLeased = leased.some(([from, to]) => from <= address && address <= to);
    if (isIn(network, address) && address !== network.host && !isLeased && !taken.has(textOf(address)))
      return textOf(address);
  }
  throw new MachineError("failed", `${name}: no address of ${cidrOf(network)} is free`, {
    hint: "give it another network with --virtualbox-hostonly-cidr, or make room: what a DHCP server may give is not used",
  });
}
