import { randomUUID } from "node:crypto";
import type { Call, Command } from "../call.js";
import { type Line, has, option, readLine, valueOf } from "../getopt.js";
import { apiError, argumentError, syntaxError } from "../refusal.js";
import type { HostOnlyNet } from "../state.js";

const table = [
  ...[option("id"), option("name"), option("netmask"), option("lower-ip", "string", "--lowerip")],
  ...[option("upper-ip", "string", "--upperip"), option("enable", "flag"), option("disable", "flag")],
];

/** Only of a Mac, from 7.0. */
export const hostOnlyNet: Command = (call, [action, ...args]) => {
  if (action === undefined) throw syntaxError("No subcommand specified");
  const command = { add, modify, remove }[action];
  if (!command) throw syntaxError(`Unknown subcommand: ${action}`);
  command(call, readLine(table, args, 0));
};

function add(call: Call, line: Line): void {
  for (const id of ["name", "netmask", "lower-ip", "upper-ip"]) {
    if (valueOf(line, id) === undefined) throw argumentError(`The --${id} parameter must be specified`);
  }
  const name = valueOf(line, "name") ?? "";
  if (call.state.hostOnlyNets.some((each) => each.name === name)) {
    const message = `Host-only network '${name}' already exists`;
    throw apiError(call.release, "INVALIDARG", message, [
      "VirtualBox",
      "CreateHostOnlyNetwork(options.bstrNetworkName.raw(), hostOnlyNetwork.asOutParam())",
    ]);
  }
  const made: HostOnlyNet = {
    uuid: valueOf(line, "id") ?? randomUUID(),
    name,
    mask: "",
    lower: "",
    upper: "",
    enabled: true,
  };
  change(made, line);
  call.state.hostOnlyNets.push(made);
}

function modify(call: Call, line: Line): void {
  change(find(call, line), line);
}

function remove(call: Call, line: Line): void {
  const found = find(call, line);
  call.state.hostOnlyNets = call.state.hostOnlyNets.filter((each) => each !== found);
}

function change(net: HostOnlyNet, line: Line): void {
  net.mask = valueOf(line, "netmask") ?? net.mask;
  net.lower = valueOf(line, "lower-ip") ?? net.lower;
  net.upper = valueOf(line, "upper-ip") ?? net.upper;
  net.enabled = has(line, "disable") ? false : has(line, "enable") || net.enabled;
}

function find(call: Call, line: Line): HostOnlyNet {
  const [name, id] = [valueOf(line, "name"), valueOf(line, "id")];
  if ((name ?? id) === undefined) throw argumentError("Either --name or --id parameter must be specified");
  const found = call.state.hostOnlyNets.find((each) => (name === undefined ? each.uuid === id : each.name === name));
  if (found) return found;
  const context = `FindHostOnlyNetworkBy${name === undefined ? "Id" : "Name"}(...)`;
  throw apiError(call.release, "NOT_FOUND", "", ["VirtualBox", context]);
}
