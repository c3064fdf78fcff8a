import { isDeepStrictEqual } from "node:util";
import { MachineError } from "../driver/index.js";
import { engineOption } from "./engine-option.js";

export const daemonJsonPath = "/etc/docker/daemon.json";

/** What a user asks of the engine; lists hold what the flags gave, in order. */
export interface EngineSettings {
  /** `K=V` each. */
  readonly labels: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  /** Empty: the engine chooses. */
  readonly storageDriver: string;
  /** Flags of dockerd without the dashes: `K=V`, or `K` alone for a switch. */
  readonly opts: readonly string[];
}

export interface DaemonJson {
  /** The whole file; what was there, byte for byte, when nothing changes. */
  readonly text: string;
  /** Keys that were taken away, since the unit's drop-in says them. */
  readonly removed: readonly string[];
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** The addresses and their TLS belong to the command line; the engine refuses to have them in both places. */
const unitKeys = ["hosts", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey"];

/**
 * The user's daemon.json with our settings: lists grow, maps are merged, other values of ours win, and all else stays.
 * @param existing the file's text; undefined or blank: there is none
 * @throws MachineError `failed` when it is no JSON object, `usage` for an option that belongs to no daemon.json
 */
export function mergeDaemonJson(existing: string | undefined, provider: string, settings: EngineSettings): DaemonJson {
  const before = parse(existing ?? "");
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !unitKeys.includes(key)));
  const after = wishes(provider, settings).reduce(merge, kept);
  return {
    text: existing !== undefined && isDeepStrictEqual(after, before) ? existing : print(after, existing),
    removed: Object.keys(before).filter((key) => unitKeys.includes(key)),
  };
}

/** What is wanted, one key each, so that later ones are merged into earlier ones. */
function wishes(provider: string, settings: EngineSettings): JsonObject[] {
  const { labels, insecureRegistries, registryMirrors, storageDriver, opts } = settings;
  return [
    ...opts.map(engineOption),
    ...insecureRegistries.map((registry) => ({ "insecure-registries": [registry] })),
    ...registryMirrors.map((mirror) => ({ "registry-mirrors": [mirror] })),
    ...(storageDriver === "" ? [] : [{ "storage-driver": storageDriver }]),
    ...[...labels, `provider=${provider}`].map((label) => ({ labels: [label] })),
  ];
}

function merge(into: JsonObject, wish: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...into };
  for (const [key, value] of Object.entries(wish)) {
    const now = into[key];
    if (isList(value) && isList(now)) merged[key] = key === "labels" ? mergeLabels(now, value) : union(now, value);
    else if (isObject(value) && isObject(now)) merged[key] = merge(now, value);
    else merged[key] = value;
  }
  return merged;
}

function union(into: readonly Json[], more: readonly Json[]): Json[] {
  return [...into, ...more.filter((one) => !into.some((other) => isDeepStrictEqual(one, other)))];
}

/** The engine refuses two values for one label. */
function mergeLabels(into: readonly Json[], more: readonly Json[]): Json[] {
  return more.reduce<Json[]>(
    (labels, label) => {
      const at = labels.findIndex((other) => labelKey(other) === labelKey(label));
      return at === -1 ? [...labels, label] : labels.with(at, label);
    },
    union([], into),
  );
}

function labelKey(label: Json): Json {
  return typeof label === "string" ? (label.split("=", 1)[0] ?? "") : label;
}

function parse(text: string): JsonObject {
  if (text.trim() === "") return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw broken((cause as Error).message, cause);
  }
  if (!isObject(value)) throw broken("it is no JSON object");
  return value;
}

function broken(why: string, cause?: unknown): MachineError {
  return new MachineError("failed", `${daemonJsonPath} on the host is not valid: ${why}`, {
    hint: `mend ${daemonJsonPath} on the host; nothing was changed`,
    cause,
  });
}

/** With the indentation that is there, or two spaces. */
function print(value: JsonObject, existing = ""): string {
  return `${JSON.stringify(value, undefined, /^[ \t]+(?=")/m.exec(existing)?.[0] ?? 2)}\n`;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
