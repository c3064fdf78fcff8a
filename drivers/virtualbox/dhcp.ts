import { isIn, maskOf, numberOf, textOf, type Network } from "../../src/vm/index.js";
import type { HostOnly } from "./network.js";
import { parseBlocks } from "./parse.js";
import type { VBoxManage } from "./vboxmanage.js";

/**
 * The DHCP server that gives boot2docker its address; one that serves the network already is left as it is. Servers of
 * adapters that are gone are not touched: they may be another program's.
 */
export async function addDhcpServer(
  vbox: VBoxManage,
  { name }: HostOnly,
  network: Network,
  isEnabled: boolean,
): Promise<void> {
  const netname = `HostInterfaceNetworking-${name}`;
  const servers = parseBlocks(await vbox.run("list", "dhcpservers"));
  const there = servers.find((one) => one.get("NetworkName") === netname);
  if (there !== undefined && serves(there, network) && isOn(there) === isEnabled) return;
  const server = network.base + (network.host === network.base + 2 ? 3 : 2);
  const { lower, upper } = dhcpRange(network.base, network.prefix, server);
  await vbox.run(
    ...["dhcpserver", there === undefined ? "add" : "modify", "--netname", netname, "--ip", textOf(server)],
    ...["--netmask", maskOf(network.prefix), "--lowerip", lower, "--upperip", upper],
    isEnabled ? "--enable" : "--disable",
  );
}

function isOn(server: ReadonlyMap<string, string>): boolean {
  return /^yes$/i.test(server.get("Enabled") ?? "");
}

function serves(server: ReadonlyMap<string, string>, network: Network): boolean {
  const lower = numberOf(server.get("LowerIPAddress") ?? server.get("lowerIPAddress") ?? "");
  return lower !== undefined && isIn(network, lower);
}

/** docker-machine's. */
function dhcpRange(base: number, prefix: number, server: number): { readonly lower: string; readonly upper: string } {
  if (prefix <= 24) return { lower: textOf(base - (base % 256) + 100), upper: textOf(base - (base % 256) + 254) };
  return { lower: textOf(server + 1), upper: textOf(base + 2 ** (32 - prefix) - 2) };
}
