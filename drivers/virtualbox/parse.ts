import type { Status } from "../../src/driver/index.js";

/** A version of VirtualBox, as far as it matters. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As it was printed: `7.1.6_Ubuntur167084`. */
  readonly text: string;
  /** What stood before it, e.g. that the kernel's module is not loaded. */
  readonly warning?: string;
}

/** Of the last line that is one: warnings may stand before it. */
export function parseVersion(text: string): Version | undefined {
  const found = [...text.matchAll(/^(\d+)\.(\d+)\.(\d+)\S*/gm)].at(-1);
  const warning = text.slice(0, found?.index).trim();
  return (
    found && {
      ...{ major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3]), text: found[0] },
      ...(warning === "" ? {} : { warning }),
    }
  );
}

export function isAtLeast(version: Version, major: number, minor: number, patch = 0): boolean {
  const more = version.major - major || version.minor - minor || version.patch - patch;
  return more >= 0;
}

/** What `--machinereadable` prints: `key="value"` or `key=value`; a key with odd characters is quoted as well. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/);
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, quotedKey, key = "", quoted, plain = ""] =
        /^(?:"((?:[^"\\]|\\.)*)"|([^"=]+))=(?:"(.*)"|(.*))$/.exec(line) ?? [];
      const name = quotedKey === undefined ? key : unescape(quotedKey);
      return name === "" ? [] : [[name, quoted === undefined ? plain : unescape(quoted)]];
    }),
  );
}

function unescape(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/**
 * What `list` prints: blocks of `Key:   value`, each of which begins with the same key, that of a name. The empty line
 * between them tells less: there may be one inside. Warnings may stand before them.
 */
export function parseBlocks(text: string): readonly ReadonlyMap<string, string>[] {
  const blocks: Map<string, string>[] = [];
  let first: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, key, value = ""] = /^\s*([^:]+?):\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    if (first === undefined && /^(Name|NetworkName|UUID)$/.test(key)) first = key;
    if (key === first) blocks.push(new Map());
    blocks.at(-1)?.set(key, value.trim());
  }
  return blocks;
}

/** A virtual machine that VirtualBox knows. One whose settings cannot be read is named `<inaccessible>`. */
export interface ListedVm {
  readonly name: string;
  readonly id: string;
}

/** What `list vms` prints: `"name" {id}`. */
export function parseList(text: string): readonly ListedVm[] {
  return [...text.matchAll(/^"(.*)" \{([0-9a-f-]{36})\}\r?$/gm)].map(([, name = "", id = ""]) => ({ name, id }));
}

/** VirtualBox's states in our words; one that is not here passes by, e.g. `snapshotting`. */
const statuses: Readonly<Record<string, Status>> = {
  poweroff: "stopped",
  aborted: "stopped",
  teleported: "stopped",
  saved: "saved",
  "aborted-saved": "saved",
  running: "running",
  livesnapshotting: "running",
  onlinesnapshotting: "running",
  deletingsnapshotlive: "running",
  paused: "paused",
  deletingsnapshotlivepaused: "paused",
  starting: "starting",
  restoring: "starting",
  settingup: "starting",
  stopping: "stopping",
  saving: "stopping",
  gurumeditation: "error",
};

/** The status in what showvminfo says; undefined: there is no such virtual machine. */
export function statusOf(info: ReadonlyMap<string, string> | undefined): Status {
  if (info === undefined) return "missing";
  return info.get("name") === "<inaccessible>" ? "error" : (statuses[info.get("VMState") ?? ""] ?? "stopped");
}
