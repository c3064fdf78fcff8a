import { type Call, type Command, findMachine } from "../call.js";
import { type Line, has, option, readLine, valueOf } from "../getopt.js";
import { argumentError, notImplemented, plainError, syntaxError } from "../refusal.js";
import type { DhcpServer } from "../state.js";

const common = [
  option("network", "string", "--netname", "-netname"),
  option("interface", "string", "--ifname", "-ifname", "--trunkname"),
];

const settings = [
  ...[option("server-ip", "string", "--ip", "-ip"), option("netmask", "string", "-netmask")],
  ...[option("lower-ip", "string", "--lowerip", "-lowerip"), option("upper-ip", "string", "--upperip", "-upperip")],
  ...[option("enable", "flag", "-enable"), option("disable", "flag", "-disable"), option("global", "flag")],
  ...[option("vm"), option("nic", "uint"), option("mac-address"), option("fixed-address"), option("group")],
];

/** Configures only: guests get no lease, for a VM's address is static or its box has its own client. */
export const dhcpServer: Command = (call, [action, ...args]) => {
  if (action === undefined) throw syntaxError("No subcommand specified");
  if (action === "add") {
    add(call, readLine([...common, ...settings], args, 0));
    return;
  }
  if (action === "modify") {
    modify(call, readLine([...common, ...settings], args, 0));
    return;
  }
  if (action === "remove") {
    remove(call, readLine(common, args, 0));
    return;
  }
  if (["start", "stop", "restart", "findlease"].includes(action)) throw notImplemented(`dhcpserver ${action}`);
  throw syntaxError(`Unknown subcommand: ${action}`);
};

function add(call: Call, line: Line): void {
  const network = networkOf(call, line);
  for (const id of ["server-ip", "netmask", "lower-ip", "upper-ip"]) {
    if (valueOf(line, id) === undefined) throw syntaxError(`Missing required option: --${id}`);
  }
  if (call.state.dhcp.some((each) => each.network === network)) throw plainError("DHCP server already exists");
  const server: DhcpServer = { network, ip: "", mask: "", lower: "", upper: "", enabled: false, fixed: {} };
  change(call, server, line);
  call.state.dhcp.push(server);
}

function modify(call: Call, line: Line): void {
  change(call, find(call, line), line);
}

function remove(call: Call, line: Line): void {
  const found = find(call, line);
  call.state.dhcp = call.state.dhcp.filter((each) => each !== found);
}

function change(call: Call, server: DhcpServer, line: Line): void {
  server.ip = valueOf(line, "server-ip") ?? server.ip;
  server.mask = valueOf(line, "netmask") ?? server.mask;
  server.lower = valueOf(line, "lower-ip") ?? server.lower;
  server.upper = valueOf(line, "upper-ip") ?? server.upper;
  server.enabled = has(line, "disable") ? false : has(line, "enable") || server.enabled;
  const [fixed, vm] = [valueOf(line, "fixed-address"), valueOf(line, "vm")];
  if (fixed === undefined) return;
  const whose =
    vm === undefined ? valueOf(line, "mac-address") : `${findMachine(call, vm).uuid}-${valueOf(line, "nic") ?? "1"}`;
  if (whose === undefined) throw syntaxError("--fixed-address can only be applied to a VM NIC or a MAC address");
  server.fixed[whose] = fixed;
}

function networkOf(call: Call, line: Line): string {
  const [network, name] = [valueOf(line, "network"), valueOf(line, "interface")];
  if (network !== undefined) return network;
  if (name === undefined)
    throw syntaxError("You need to specify either --network or --interface to identify the DHCP server");
  if (!call.state.hostOnly.some((each) => each.name === name))
    throw argumentError(`Failed to locate host-only interface '${name}'`);
  return `HostInterfaceNetworking-${name}`;
}

function find(call: Call, line: Line): DhcpServer {
  const network = networkOf(call, line);
  const found = call.state.dhcp.find((each) => each.network === network);
  if (found) return found;
  const name = valueOf(line, "interface");
  throw argumentError(
    name === undefined
      ? `Failed to find DHCP server for network '${network}'`
      : `Failed to find DHCP server for host-only interface '${name}' (network '${network}')`,
  );
}
