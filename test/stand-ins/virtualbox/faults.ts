import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ownFile } from "./release.js";

/** What shall go wrong, and how often. */
export interface Fault {
  readonly kind: FaultKind;
  /** Only for command lines that begin so, e.g. `startvm`. */
  readonly of?: string;
  readonly times: number;
}

type FaultKind =
  /** Any command: `The object is not ready`. */
  | "not-ready"
  /** Any command: an error on stderr, nothing done, and 0. */
  | "error-with-success"
  /** Commands that change a VM: somebody else has its session. */
  | "locked"
  /** `hostonlyif create` says that it failed, but did not. */
  | "create-fails-though-created"
  /** After `startvm` the host-only adapters have another address. */
  | "adapter-loses-address"
  /** The guest does not care about its power button. */
  | "button-ignored"
  /** `startvm` of a saved VM. */
  | "dies-while-restoring";

/** Takes one fault of that kind, if there is one left. */
export function takeFault(home: string, kind: string, args: readonly string[]): boolean {
  const file = ownFile(home, "faults.json");
  if (!existsSync(file)) return false;
  const faults = JSON.parse(readFileSync(file, "utf8")) as Fault[];
  const found = faults.find((each) => each.kind === kind && each.times > 0 && matches(each, args));
  if (!found) return false;
  const left = faults.map((each) => (each === found ? { ...each, times: each.times - 1 } : each));
  writeFileSync(file, JSON.stringify(left));
  return true;
}

function matches({ of }: Fault, args: readonly string[]): boolean {
  return of === undefined || args.join(" ").startsWith(of);
}
