/** An IPv4 network, and the address in it that was named with it. */
export interface Network {
  /** The address as a number, e.g. that of an interface. */
  readonly host: number;
  /** The network's own, first address. */
  readonly base: number;
  /** Bits of the mask. */
  readonly prefix: number;
}

/** The network of `192.168.59.1/24`; undefined for what is none. */
export function networkOf(cidr: string): Network | undefined {
  const [, text = "", bits = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  const [host, prefix] = [numberOf(text), Number(bits)];
  if (host === undefined || bits === "" || prefix > 32) return undefined;
  return { host, base: baseOf(host, prefix), prefix };
}

/** The number of `192.168.59.1`; undefined for what is no address. */
export function numberOf(address: string): number | undefined {
  const parts = address.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((number, part) => number * 256 + part, 0);
}

export function textOf(address: number): string {
  return [24, 16, 8, 0].map((bits) => String((address >>> bits) & 255)).join(".");
}

/** `255.255.255.0` for 24. */
export function maskOf(prefix: number): string {
  return textOf(2 ** 32 - 2 ** (32 - prefix));
}

/** 24 for `255.255.255.0`; undefined for what is no mask. */
export function prefixOf(mask: string): number | undefined {
  const prefix = Array.from({ length: 33 }, (_, bits) => bits).find((bits) => maskOf(bits) === mask);
  return prefix;
}

/** `192.168.59.1/24`. */
export function cidrOf({ host, prefix }: Network): string {
  return `${textOf(host)}/${String(prefix)}`;
}

/** The last address, that of the broadcast. */
export function lastOf({ base, prefix }: Network): number {
  return base + 2 ** (32 - prefix) - 1;
}

export function overlap(one: Network, other: Network): boolean {
  return one.base <= lastOf(other) && other.base <= lastOf(one);
}

export function isIn({ base, prefix }: Network, address: number): boolean {
  return baseOf(address, prefix) === base;
}

function baseOf(host: number, prefix: number): number {
  return host - (host % 2 ** (32 - prefix));
}
