import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import { MachineError, reserve, type Io, type Machine } from "../../src/driver/index.js";
import type { Interface } from "../../src/vm/index.js";
import { macsOf, type QemuState } from "./machine.js";

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
    const neighbour = [...taken].find((one) => /^10\.213\.\d+\.\d+\/24$/.test(one));
    const network = neighbour?.replace(/\.\d+\/24$/, "") ?? freeNetwork(await usedNetworks());
    for (let host = 10; host < 250; host++) {
      const one = `${network}.${String(host)}/24`;
      if (!taken.has(one)) return [one];
    }
    throw new MachineError("failed", `${machine.name}: no address is free in ${network}.0/24`, {
      hint: "remove machines, or use another store (--storage-path)",
    });
  });
  return address;
}

/** A network by its address and the length of its prefix. */
export interface Used {
  readonly address: string;
  readonly length: number;
}

/** The first three bytes of a network that overlaps with none of these. */
export function freeNetwork(used: readonly Used[]): string {
  for (let third = 0; third < 256; third++) {
    const network = `10.213.${String(third)}`;
    if (!used.some((one) => overlaps({ address: `${network}.0`, length: 24 }, one))) return network;
  }
  throw new MachineError("failed", "no network between 10.213.0.0 and 10.213.255.0 is free on this computer");
}

function overlaps(one: Used, other: Used): boolean {
  return has(one, other.address) || has(other, one.address);
}

function has({ address, length }: Used, other: string): boolean {
  const list = new BlockList();
  list.addSubnet(address, length);
  return list.check(other);
}

/** Those of this computer's interfaces and, on Linux, of its routes but the default one. */
async function usedNetworks(): Promise<readonly Used[]> {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ family, cidr }): readonly Used[] => {
      const [address = "", length = ""] = (family === "IPv4" ? (cidr ?? "") : "").split("/");
      return address === "" ? [] : [{ address, length: Number(length) }];
    }),
  );
  return [...interfaces, ...routesOf(await readFile("/proc/net/route", "utf8").catch(() => ""))];
}

/** From the kernel's table: a header, then lines whose addresses are hexadecimal, the last byte first. */
export function routesOf(table: string): readonly Used[] {
  const bytes = (word: string): readonly number[] => [...Buffer.from(word, "hex")].reverse();
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, destination = "", , , , , , mask = ""] = line.split("\t");
      const length = bytes(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
      return length === 0 ? [] : [{ address: bytes(destination).join("."), length }];
    });
}
