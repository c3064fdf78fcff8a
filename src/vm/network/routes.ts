import { networkOf, numberOf, prefixOf, textOf, type Network } from "./address.js";

/** A route as wide as this or wider is a way out, e.g. the two halves of the internet that a VPN takes. */
const narrowest = 2;

/** The destinations in Linux's /proc/net/route, where addresses are numbers in the processor's order. */
export function linuxRoutes(text: string): readonly Network[] {
  const rows = text.split("\n").slice(1);
  return rows.flatMap((row) => {
    const [, destination, , , , , , mask] = row.split(/\s+/);
    return destination === undefined || mask === undefined
      ? []
      : routeTo(textOf(turned(destination)), textOf(turned(mask)));
  });
}

/**
 * The destinations that `netstat -rn` prints: macOS cuts off zeros (`192.168.59`, `10.8/16`), Windows has a column of
 * masks.
 */
export function netstatRoutes(text: string): readonly Network[] {
  return text.split("\n").flatMap((row) => {
    const [destination = "", next = ""] = row.trim().split(/\s+/);
    if (numberOf(destination) !== undefined && prefixOf(next) !== undefined) return routeTo(destination, next);
    const [, short = "", bits] = /^(\d{1,3}(?:\.\d{1,3}){0,3})(?:\/(\d{1,2}))?$/.exec(destination) ?? [];
    if (short === "") return [];
    const parts = short.split(".");
    const whole = [...parts, "0", "0", "0"].slice(0, 4).join(".");
    return wideEnough(networkOf(`${whole}/${bits ?? String(parts.length * 8)}`));
  });
}

function routeTo(destination: string, mask: string): Network[] {
  return wideEnough(networkOf(`${destination}/${String(prefixOf(mask) ?? 0)}`));
}

function wideEnough(network: Network | undefined): Network[] {
  return network === undefined || network.prefix < narrowest ? [] : [network];
}

function turned(hex: string): number {
  return Buffer.from(hex.padStart(8, "0"), "hex").readUInt32LE();
}
