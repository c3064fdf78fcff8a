import { createHash } from "node:crypto";
import { platform as systemPlatform } from "node:os";
import { MachineError, reserve, type Io, type Machine } from "../../src/driver/index.js";
import {
  cidrOf,
  networkOf,
  overlap,
  ownNetworks,
  routedNetworks,
  textOf,
  type Interface,
  type Network,
} from "../../src/vm/index.js";
import { macsOf, type QemuState } from "./state.js";

/** The machine's interfaces as its seed describes them. */
export function interfacesOf(state: QemuState): readonly Interface[] {
  const [first, second] = macsOf(state);
  const { Network, NetworkAddress } = state;
  if (Network === "user") return [{ mac: first }];
  return [{ mac: first }, { mac: second, ...(NetworkAddress === "" ? {} : { address: NetworkAddress }) }];
}

/**
 * The multicast group that is the wire between the machines of one store: each QEMU sends its frames to it on loopback.
 * Machines of other stores, whose addresses may be the same, are in another one.
 */
export function groupOf(storePath: string): { readonly group: string; readonly port: number } {
  const [a = 0, b = 0, c = 0, d = 0] = createHash("sha256").update(storePath).digest();
  return { group: `239.${String(a)}.${String(b)}.${String(c)}`, port: 32_000 + d };
}

/**
 * An address for a machine on a network `socket`, that it keeps until it is removed: in the network of the store's other
 * machines; the first one takes a network that this computer has nothing in.
 */
export async function reserveAddress(machine: Machine<QemuState>, io: Io): Promise<string> {
  const [address = ""] = await reserve(io, machine, "addresses", async (taken) => {
    const neighbour = [...taken].flatMap((one) => networkOf(one) ?? []).find(isOurs);
    const network = neighbour ?? freeNetwork([...ownNetworks(), ...(await routedNetworks(systemPlatform(), io))]);
    for (let host = 10; host < 250; host++) {
      const one = cidrOf({ ...network, host: network.base + host });
      if (!taken.has(one)) return [one];
    }
    throw new MachineError("failed", `${machine.name}: no address is free in ${textOf(network.base)}/24`, {
      hint: "remove machines, or use another store (--storage-path)",
    });
  });
  return address;
}

/** What machines of other drivers have reserved is in networks of theirs. */
function isOurs({ base, prefix }: Network): boolean {
  return prefix === 24 && textOf(base).startsWith("10.213.");
}

/** The first network that overlaps with none of these. */
export function freeNetwork(used: readonly Network[]): Network {
  for (let third = 0; third < 256; third++) {
    const network = networkOf(`10.213.${String(third)}.0/24`);
    if (network !== undefined && !used.some((one) => overlap(network, one))) return network;
  }
  throw new MachineError("failed", "no network between 10.213.0.0 and 10.213.255.0 is free on this computer");
}
