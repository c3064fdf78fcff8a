import { MachineError } from "../../src/driver/index.js";
import { cidrOf, networkOf, numberOf, overlap, prefixOf, textOf, type Network } from "../../src/vm/index.js";
import { isAtLeast, parseBlocks } from "./parse.js";
import type { VBoxManage } from "./vboxmanage.js";

/**
 * A network between this computer and its virtual machines: a host-only adapter, or on a Mac with VirtualBox 7, where
 * these are gone, a host-only network.
 */
export interface HostOnly {
  /** What virtual machines are connected to it by. */
  readonly name: string;
  /** This computer's address in it; undefined: it has none at present. */
  readonly network: Network | undefined;
  /** Addresses that a DHCP server may give to anybody: from, to, and its own. */
  readonly leased: readonly (readonly [number, number])[];
}

/** All that a network must be chosen by. */
export interface KnownNetworks {
  readonly hostOnly: readonly HostOnly[];
  /** Of this computer's interfaces. */
  readonly own: readonly Network[];
  readonly routes: readonly Network[];
}

/** Within 192.168.56.0/21, which VirtualBox allows by itself; its own first adapter is 192.168.56.1. */
const candidates = [59, 60, 61, 62, 63, 58, 57, 56].map((number) => `192.168.${String(number)}.1/24`);

/** True where virtual machines are connected by host-only networks rather than adapters. */
export async function hasHostOnlyNets(vbox: VBoxManage): Promise<boolean> {
  return vbox.computer.platform === "darwin" && isAtLeast(await vbox.version(), 7, 0);
}

export async function knownNetworks(vbox: VBoxManage): Promise<KnownNetworks> {
  const hostOnly = (await hasHostOnlyNets(vbox)) ? await hostOnlyNets(vbox) : await hostOnlyAdapters(vbox);
  return { hostOnly, own: vbox.computer.networks(), routes: await vbox.computer.routes(vbox.io) };
}

async function hostOnlyNets(vbox: VBoxManage): Promise<readonly HostOnly[]> {
  return parseBlocks(await vbox.run("list", "hostonlynets")).map((block) => {
    const [lower, upper] = [numberOf(block.get("LowerIP") ?? ""), numberOf(block.get("UpperIP") ?? "")];
    const network = networkOf(
      `${block.get("LowerIP") ?? ""}/${String(prefixOf(block.get("NetworkMask") ?? "") ?? "")}`,
    );
    // The lowest address is this computer's.
    return { name: block.get("Name") ?? "", network, leased: lower && upper ? [[lower, upper]] : [] };
  });
}

async function hostOnlyAdapters(vbox: VBoxManage): Promise<readonly HostOnly[]> {
  const adapters = parseBlocks(await vbox.run("list", "hostonlyifs"));
  const servers = adapters.length === 0 ? [] : parseBlocks(await vbox.run("list", "dhcpservers"));
  return adapters.map((block) => {
    const address = `${block.get("IPAddress") ?? ""}/${String(prefixOf(maskIn(block)) ?? "")}`;
    const itsServers = servers.filter((one) => one.get("NetworkName") === block.get("VBoxNetworkName"));
    return {
      name: block.get("Name") ?? "",
      network: unlessLost(networkOf(address)),
      leased: itsServers.flatMap(leasedBy),
    };
  });
}

/** Of a new adapter Windows says 15.0.0.0 for a while, whatever it was given. */
function maskIn(block: ReadonlyMap<string, string>): string {
  return (block.get("NetworkMask") ?? "").replace(/^15\.0\.0\.0$/, "255.255.255.0");
}

/** An adapter without an address has 0.0.0.0, or on Windows one that it gave itself. */
function unlessLost(network: Network | undefined): Network | undefined {
  const text = network === undefined ? "0.0.0.0" : textOf(network.host);
  return text === "0.0.0.0" || text.startsWith("169.254.") ? undefined : network;
}

/** Before 6.1 the keys were others. */
function leasedBy(server: ReadonlyMap<string, string>): [number, number][] {
  if (/^no$/i.test(server.get("Enabled") ?? "Yes")) return [];
  const address = (...keys: readonly string[]): number | undefined =>
    numberOf(keys.map((key) => server.get(key)).find((one) => one !== undefined) ?? "");
  const own = address("Dhcpd IP", "IP");
  const [lower, upper] = [address("LowerIPAddress", "lowerIPAddress"), address("UpperIPAddress", "upperIPAddress")];
  return [
    ...(own === undefined ? [] : [[own, own] as [number, number]]),
    ...(lower === undefined || upper === undefined ? [] : [[lower, upper] as [number, number]]),
  ];
}

/**
 * The network that is meant, or one that nothing else on this computer uses.
 * @param given `192.168.59.1/24`; empty: any
 * @throws MachineError `precheck`
 */
export function chooseNetwork(given: string, known: KnownNetworks): Network {
  const networks = (given === "" ? candidates : [given]).flatMap((cidr) => networkOf(cidr) ?? []);
  const free = networks.find((network) => conflictOf(network, known) === undefined);
  if (free !== undefined) return free;
  const conflict = networks[0] && conflictOf(networks[0], known);
  const what =
    given === ""
      ? "all of 192.168.56.0/21, where VirtualBox allows host-only networks, is in use on this computer"
      : `the network of ${given} overlaps ${conflict ?? "another one"} of this computer`;
  throw new MachineError("precheck", what, {
    hint: "give another one: --virtualbox-hostonly-cidr 192.168.57.1/24; others than 192.168.56.0/21 must stand in /etc/vbox/networks.conf",
  });
}

/** What else uses addresses of the network; an adapter that has just this address and mask is the one that is meant. */
function conflictOf(network: Network, { hostOnly, own, routes }: KnownNetworks): string | undefined {
  const isSame = (other: Network): boolean => other.host === network.host && other.prefix === network.prefix;
  const isThere = hostOnly.some((one) => one.network !== undefined && isSame(one.network));
  const adapter = hostOnly.find((one) => one.network && !isSame(one.network) && overlap(one.network, network));
  if (adapter?.network) return `the host-only network ${adapter.name} (${cidrOf(adapter.network)})`;
  const other = own.find((one) => !(isThere && isSame(one)) && overlap(one, network));
  if (other) return `the interface with ${cidrOf(other)}`;
  const isItsOwn = (route: Network): boolean => isThere && route.base >= network.base && route.prefix >= network.prefix;
  const route = routes.find((one) => !isItsOwn(one) && overlap(one, network));
  return route && `the route to ${cidrOf(route)}`;
}
