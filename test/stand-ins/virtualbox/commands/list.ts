import { cpus, networkInterfaces, totalmem } from "node:os";
import { type Call, type Command, isAccessible, isOnline } from "../call.js";
import { option, readLine, has } from "../getopt.js";
import { osTypesOf } from "../hardware.js";
import { notImplemented, syntaxError } from "../refusal.js";
import { hasHostOnlyNets } from "../release.js";
import type { HostOnlyInterface } from "../state.js";
import { machineFolder } from "./create.js";
import { macOf } from "./hostonly.js";
import { printMedium } from "./medium.js";

export const list: Command = (call, args) => {
  const line = readLine([option("long", "flag", "-l"), option("sorted", "flag", "-s")], args, 1);
  const [what] = line.words;
  if (what === undefined) throw syntaxError('Missing subcommand for "list" command.\n');
  const kinds = lists(call, has(line, "long"));
  const print = kinds[what];
  if (print) print();
  else if (real.includes(what)) throw notImplemented(`list ${what}`);
  else throw syntaxError(`Unknown subcommand "${what}"`);
};

/** What it can list that the stand-in cannot. */
const real = [
  "cpu-profiles",
  "hostdrives",
  "hostcpuids",
  "hddbackends",
  "usbhost",
  "usbfilters",
  "extpacks",
  "groups",
  "webcams",
  "screenshotformats",
  "cloudproviders",
  "cloudprofiles",
  "cloudnets",
  "natnets",
  "intnets",
  "floppies",
  "hostfloppies",
  "hostdvds",
];

function lists(call: Call, isLong: boolean): Readonly<Record<string, () => void>> {
  const media = (type: "hdd" | "dvd") => () => {
    for (const medium of call.state.media.filter((each) => each.type === type)) {
      printMedium(call, medium, isLong);
      call.print("");
    }
  };
  return {
    vms: () => {
      printMachines(call, false);
    },
    runningvms: () => {
      printMachines(call, true);
    },
    hostonlyifs: () => {
      call.state.hostOnly.forEach((each) => {
        printInterface(call, each);
      });
    },
    ...(hasHostOnlyNets(call.release) && {
      hostonlynets: () => {
        printNets(call);
      },
    }),
    bridgedifs: () => {
      printBridged(call);
    },
    dhcpservers: () => {
      printServers(call);
    },
    hdds: media("hdd"),
    dvds: media("dvd"),
    systemproperties: () => {
      printProperties(call);
    },
    ostypes: () => {
      printOsTypes(call);
    },
    hostinfo: () => {
      printHost(call);
    },
  };
}

function printMachines(call: Call, onlyOnline: boolean): void {
  for (const machine of call.state.machines) {
    if (onlyOnline && !isOnline(machine)) continue;
    call.print(`"${isAccessible(machine) ? machine.name : "<inaccessible>"}" {${machine.uuid}}`);
  }
}

interface Shown {
  readonly name: string;
  readonly uuid: string;
  readonly ip: string;
  readonly mask: string;
  readonly mac: string;
  readonly isUp: boolean;
}

function printInterface(call: Call, { name, number, ip, mask, up }: HostOnlyInterface): void {
  const tail = number.toString(16).padStart(2, "0");
  const uuid = `786f6276-656e-4${number.toString(16).padStart(3, "0")}-8000-0a00270000${tail}`;
  printShown(call, { name, uuid, ip, mask, mac: macOf(number), isUp: up });
}

function printShown(call: Call, { name, uuid, ip, mask, mac, isUp }: Shown): void {
  const rows = [
    ...[
      ["Name", name],
      ["GUID", uuid],
      ["DHCP", "Disabled"],
      ["IPAddress", ip],
      ["NetworkMask", mask],
    ],
    ...[
      ["IPV6Address", ""],
      ["IPV6NetworkMaskPrefixLength", "0"],
      ["HardwareAddress", mac],
    ],
    ...[
      ["MediumType", "Ethernet"],
      ["Wireless", "No"],
      ["Status", isUp ? "Up" : "Down"],
    ],
    ["VBoxNetworkName", `HostInterfaceNetworking-${name}`],
  ];
  for (const [key, value] of rows) call.print(`${`${key ?? ""}:`.padEnd(16)} ${value ?? ""}`);
  call.print("");
}

/** VBoxManage has an empty line after the id. */
function printNets(call: Call): void {
  for (const { uuid, name, mask, lower, upper, enabled } of call.state.hostOnlyNets) {
    call.print(`Name:            ${name}\nGUID:            ${uuid}\n`);
    call.print(`State:           ${enabled ? "Enabled" : "Disabled"}`);
    call.print(`NetworkMask:     ${mask}\nLowerIP:         ${lower}\nUpperIP:         ${upper}`);
    call.print(`VBoxNetworkName: hostonly-${name}\n`);
  }
}

/** The computer's own interfaces; those that the stand-in made are not for bridging. */
function printBridged(call: Call): void {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const address = addresses?.find((each) => each.family === "IPv4" && !each.internal);
    if (!address || /^vb[\da-f]{6}/.test(name)) continue;
    const uuid = `${Buffer.from(name.padEnd(4).slice(0, 4)).toString("hex")}-0000-4000-8000-${address.mac.replace(/:/g, "")}`;
    printShown(call, { name, uuid, ip: address.address, mask: address.netmask, mac: address.mac, isUp: true });
  }
}

function printServers(call: Call): void {
  for (const [place, { network, ip, mask, lower, upper, enabled, fixed }] of call.state.dhcp.entries()) {
    if (place > 0) call.print("");
    call.print(`NetworkName:    ${network}\nDhcpd IP:       ${ip}\nLowerIPAddress: ${lower}`);
    call.print(`UpperIPAddress: ${upper}\nNetworkMask:    ${mask}\nEnabled:        ${enabled ? "Yes" : "No"}`);
    call.print("Global Configuration:\n    minLeaseTime:     default\n    defaultLeaseTime: default");
    call.print("    maxLeaseTime:     default\n    Forced options:   None\n    Suppressed opts.: None");
    call.print(`        1/legacy: ${mask}\nGroups:               None`);
    const entries = Object.entries(fixed);
    call.print(entries.length === 0 ? "Individual Configs:   None" : "Individual Config:");
    for (const [whose, address] of entries) call.print(`    ${whose}\n    Fixed Address:    ${address}`);
  }
}

function printProperties(call: Call): void {
  const rows = [
    ...[
      ["API version", call.release.version.split(".").slice(0, 2).join("_")],
      ["Minimum guest RAM size", "4 Megabytes"],
    ],
    ...[
      ["Maximum guest RAM size", "2097152 Megabytes"],
      ["Minimum guest CPU count", "1"],
      ["Maximum guest CPU count", "64"],
    ],
    ...[
      ["Maximum PIIX3 Network Adapter count", "8"],
      ["Maximum ICH9 Network Adapter count", "36"],
    ],
    ...[
      ["Default machine folder", machineFolder(call)],
      ["Default hard disk format", "VDI"],
    ],
  ];
  for (const [key, value] of rows) call.print(`${`${key ?? ""}:`.padEnd(32)} ${value ?? ""}`);
}

function printOsTypes(call: Call): void {
  for (const [id, description, platform] of osTypesOf(call.release)) {
    call.print(`ID:          ${id}\nDescription: ${description}`);
    call.print(`Family ID:   ${/^Other/.test(id) && platform === "x86" ? "Other" : "Linux"}\nFamily Desc: Linux`);
    call.print(`64 bit:      ${/64$/.test(id) ? "true" : "false"}\n`);
  }
}

function printHost(call: Call): void {
  const count = String(cpus().length);
  call.print("Host Information:\n");
  call.print(`Host time: ${new Date().toISOString()}\nProcessor online count: ${count}\nProcessor count: ${count}`);
  for (const feature of ["HW virtualization", "PAE", "long mode", "nested paging"])
    call.print(`Processor supports ${feature}: yes`);
  call.print(
    `Memory size: ${String(Math.floor(totalmem() / 2 ** 20))} MByte\nOperating system: ${systems[call.release.system]}`,
  );
}

const systems = { linux: "Linux", darwin: "Darwin", windows: "Windows" };
