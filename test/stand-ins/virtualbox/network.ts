import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { maskBits } from "./ranges.js";
import type { Release } from "./release.js";
import type { HostOnlyInterface } from "./state.js";

/** No two homes have the same, as tests of several homes run at once on one computer. */
export function deviceName(home: string, number: number): string {
  return `vb${createHash("sha256").update(home).digest("hex").slice(0, 6)}n${String(number)}`;
}

/** Of an adapter of a VM; it goes with the process that has it. */
export function tapName(home: string, vm: string, slot: number): string {
  return `vb${createHash("sha256").update(`${home}:${vm}`).digest("hex").slice(0, 8)}t${String(slot)}`;
}

/** @returns what went wrong; undefined where it is done, or where the networks are not real */
export function addBridge(release: Release, device: string, mac: string): string | undefined {
  return ip(release, ["link", "add", device, "address", mac, "type", "bridge"]);
}

export function removeBridge(release: Release, device: string): void {
  ip(release, ["link", "del", device]);
}

export function setAddress(release: Release, { device, ip: address, mask }: HostOnlyInterface): string | undefined {
  return (
    ip(release, ["addr", "flush", "dev", device]) ??
    ip(release, ["addr", "add", `${address}/${String(maskBits(mask))}`, "dev", device]) ??
    ip(release, ["link", "set", device, "up"])
  );
}

export function clearAddress(release: Release, { device }: HostOnlyInterface): void {
  ip(release, ["addr", "flush", "dev", device]);
}

export function connect(release: Release, tap: string, device: string): string | undefined {
  return ip(release, ["link", "set", tap, "master", device, "up"]);
}

function ip(release: Release, args: readonly string[]): string | undefined {
  if (release.guest === "idle") return undefined;
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim();
}
