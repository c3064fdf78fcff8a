import { existsSync, readFileSync } from "node:fs";
import { BlockList, isIP, isIPv4 } from "node:net";
import { ownFile } from "./release.js";

export const allowedByDefault: readonly string[] = ["192.168.56.0/21", "fe80::/10"];

/**
 * The ranges of networks.conf, which take the place of the default: lines that begin with `* `. The stand-in has it in
 * its home, not in /etc/vbox.
 * @returns undefined where there is no such file
 */
export function readRanges(home: string): readonly string[] | undefined {
  const file = ownFile(home, "networks.conf");
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("* ")).flatMap((line) => line.slice(2).trim().split(/\s+/));
}

export function isAllowed(ip: string, ranges: readonly string[]): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits = ""] = range.split("/");
    if (isIP(network) !== 0) list.addSubnet(network, Number(bits), isIPv4(network) ? "ipv4" : "ipv6");
  }
  return list.check(ip, isIPv4(ip) ? "ipv4" : "ipv6");
}

export function isIp(text: string): boolean {
  return isIP(text) !== 0;
}

/** `255.255.255.0` as 24 */
export function maskBits(mask: string): number {
  const bits = mask.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return bits.join("").replace(/0+$/, "").length;
}
