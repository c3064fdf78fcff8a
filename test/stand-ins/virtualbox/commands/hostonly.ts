import { type Call, type Command, showProgress } from "../call.js";
import { has, option, readLine, valueOf } from "../getopt.js";
import { allowedByDefault, isAllowed, isIp, readRanges } from "../ranges.js";
import { addBridge, deviceName, removeBridge, setAddress } from "../network.js";
import { apiError, plainError, progressError, resultText, syntaxError } from "../refusal.js";
import { type Release, atLeast, hasHostOnlyNets } from "../release.js";
import type { HostOnlyInterface } from "../state.js";

export const hostOnlyIf: Command = (call, [action, ...args]) => {
  if (action === undefined) throw syntaxError("No sub-command specified");
  if (action === "create") create(call, args);
  else if (action === "remove") remove(call, args);
  else if (action === "ipconfig") configure(call, args);
  else throw syntaxError(`Unknown sub-command '${action}'`);
};

function create(call: Call, args: readonly string[]): void {
  const options = atLeast(call.release, "7.1") ? [option("machinereadable", "flag")] : [];
  const line = readLine(options, args, 0);
  if (hasHostOnlyNets(call.release)) throw noAdapter(call, "failed to open /dev/vboxnetctl: No such file or directory");
  const number = freeNumber(call);
  const made: HostOnlyInterface = {
    ...{ name: nameOf(call.release, number), number, device: deviceName(call.home, number) },
    ...{ ip: "", mask: "", up: false },
  };
  const failure = addBridge(call.release, made.device, macOf(number));
  if (failure !== undefined) throw noAdapter(call, failure);
  if (call.release.system !== "linux")
    Object.assign(made, { ip: `192.168.${String(56 + number)}.1`, mask: "255.255.255.0", up: true });
  call.state.hostOnly.push(made);
  if (call.fault("create-fails-though-created")) throw noAdapter(call, "VERR_INTERNAL_ERROR");
  if (has(line, "machinereadable")) {
    call.print(made.name);
    return;
  }
  showProgress(call);
  call.print(`Interface '${made.name}' was successfully created`);
}

function freeNumber(call: Call): number {
  const taken = call.state.hostOnly.map((each) => each.number);
  return Array.from({ length: taken.length + 1 }, (_, number) => number).find((each) => !taken.includes(each)) ?? 0;
}

function nameOf(release: Release, number: number): string {
  if (release.system !== "windows") return `vboxnet${String(number)}`;
  return `VirtualBox Host-Only Ethernet Adapter${number === 0 ? "" : ` #${String(number + 1)}`}`;
}

export function macOf(number: number): string {
  return `0a:00:27:00:00:${number.toString(16).padStart(2, "0")}`;
}

/** As without the kernel module vboxnetadp. */
function noAdapter(call: Call, why: string): Error {
  const message = `VBoxNetAdpCtl: Error while adding new interface: ${why}`;
  const error = apiError(call.release, "FAIL", message, ["Host"]);
  return progressError(error, "FAIL", "Failed to create the host-only adapter");
}

function find(call: Call, name: string | undefined): HostOnlyInterface {
  const found = call.state.hostOnly.find((each) => each.name === name);
  if (found) return found;
  const message = `The host network interface named '${name ?? ""}' could not be found`;
  throw apiError(call.release, "INVALIDARG", message, [
    "Host",
    "FindHostNetworkInterfaceByName(Bstr(pszName).raw(), hif.asOutParam())",
  ]);
}

function remove(call: Call, args: readonly string[]): void {
  const { words } = readLine([], args, 1);
  if (words[0] === undefined) throw syntaxError("No interface name was specified");
  const found = find(call, words[0]);
  removeBridge(call.release, found.device);
  call.state.hostOnly = call.state.hostOnly.filter((each) => each !== found);
  showProgress(call);
}

function configure(call: Call, args: readonly string[]): void {
  const table = [
    ...[option("dhcp", "flag", "-dhcp"), option("ip", "string", "-ip"), option("netmask", "string", "-netmask")],
    ...[option("ipv6", "string", "-ipv6"), option("netmasklengthv6", "uint", "-netmasklengthv6")],
  ];
  const line = readLine(table, args, 1);
  const [ip, mask, six] = [valueOf(line, "ip"), valueOf(line, "netmask"), valueOf(line, "ipv6")];
  refuseMixture(has(line, "dhcp"), [ip ?? mask, six ?? valueOf(line, "netmasklengthv6")]);
  const found = find(call, line.words[0]);
  if (has(line, "dhcp")) return;
  if (six !== undefined) {
    refuseRange(call, six, "EnableStaticIPConfigV6(Bstr(pszIpv6).raw(), (ULONG)uNetmasklengthv6)");
    return;
  }
  if (ip === undefined) throw syntaxError("Neither -dhcp nor -ip nor -ipv6 was specfified");
  const context = "EnableStaticIPConfig(Bstr(pszIp).raw(), Bstr(pszNetmask).raw())";
  if (!isIp(ip) || !isIp(mask ?? "255.255.255.0")) {
    throw apiError(call.release, "INVALIDARG", `Invalid IP address '${ip}'`, ["Host", context]);
  }
  refuseRange(call, ip, context);
  Object.assign(found, { ip, mask: mask ?? "255.255.255.0", up: true });
  const failure = setAddress(call.release, found);
  if (failure !== undefined) throw apiError(call.release, "FAIL", failure, ["Host", context]);
}

function refuseMixture(dhcp: boolean, [four, six]: readonly [string | undefined, string | undefined]): void {
  if (dhcp && (four ?? six) !== undefined) {
    throw syntaxError(
      "You can not use --dhcp with static ip configuration parameters: --ip, --netmask, --ipv6 and --netmasklengthv6.",
    );
  }
  if (four !== undefined && six !== undefined) {
    throw syntaxError(
      "You can not use ipv4 configuration (--ip and --netmask) with ipv6 (--ipv6 and --netmasklengthv6) simultaneously.",
    );
  }
}

/** Since 6.1.28, but not on Windows. */
function refuseRange(call: Call, ip: string, context: string): void {
  if (call.release.system === "windows" || !atLeast(call.release, "6.1.28")) return;
  if (isAllowed(ip, readRanges(call.home) ?? allowedByDefault)) return;
  const text = resultText(call.release, "ACCESSDENIED");
  throw plainError(
    `Code ${text} - Access denied (extended info not available)`,
    `Context: "${context}" at line 242 of file VBoxManageHostonly.cpp`,
  );
}
