import { isDeepStrictEqual } from "node:util";
import { MachineError } from "../driver/index.js";
import { fitsUnit } from "./daemon.js";
import { engineOption } from "./engine-option.js";
import type { Json, DaemonJsonObject } from "./json.js";

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

/** Where the settings go. */
export interface PlacedSettings {
  /** Words of dockerd's command line. */
  readonly flags: readonly string[];
  /** daemon.json: what was there, byte for byte, when nothing changes; undefined: there is none, and none is needed. */
  readonly daemonJson: string | undefined;
  /** Keys that were taken out of daemon.json, since the unit's drop-in says them. */
  readonly removed: readonly string[];
  /** Addresses that daemon.json had, as `-H` takes them. */
  readonly hosts: readonly string[];
}

/** The addresses and their TLS belong to the command line; the engine refuses to have them in both places. */
const unitKeys = ["hosts", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey"];

/** No flag, or in newer engines only. */
const fileKeys = ["features", "min-api-version"];

/**
 * Settings are flags, as docker-machine has them: its `provision` and `regenerate-certs` put them onto the command line
 * that they write, and the engine refuses what is on the command line and in daemon.json. For the same reason a setting
 * that the host's daemon.json has already is merged there: lists grow, maps are merged, other values of ours win. The
 * label `provider`, which nobody asked for, wins over none of the host's or the user's.
 * @param existing the file's text; undefined or blank: there is none
 * @throws MachineError `failed` when it is no JSON object, `usage` for an option that cannot be set
 */
export function placeSettings(
  existing: string | undefined,
  provider: string,
  settings: EngineSettings,
): PlacedSettings {
  const before = parse(existing ?? "");
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !unitKeys.includes(key)));
  const asked = dockerdOptions(settings);
  const hasProvider = [...labelKeys(kept), ...asked.map(labelOf)].includes("provider");
  const options = hasProvider ? asked : [...asked, `label=provider=${provider}`];
  const wishes = options.filter(isLastOfItsLabel).map((option) => ({ option, json: engineOption(option) }));
  const unfit = wishes.filter(({ option }) => !fitsUnit(option)).flatMap(({ json }) => Object.keys(json));
  const inFile = new Set([...Object.keys(kept), ...fileKeys, ...unfit]);
  const isForFile = ({ json }: { json: DaemonJsonObject }): boolean => Object.keys(json).some((key) => inFile.has(key));
  const after = wishes.filter(isForFile).reduce((into, { json }) => merge(into, json), kept);
  return {
    flags: wishes.filter((wish) => !isForFile(wish)).map(({ option }) => flagOf(option)),
    daemonJson: isDeepStrictEqual(after, before) ? existing : print(after, existing),
    removed: Object.keys(before).filter((key) => unitKeys.includes(key)),
    hosts: [before["hosts"] ?? []].flat().filter((host) => typeof host === "string"),
  };
}

/** All settings as `--engine-opt` has them. */
function dockerdOptions(settings: EngineSettings): string[] {
  const { labels, insecureRegistries, registryMirrors, storageDriver, opts } = settings;
  return [
    ...opts,
    ...insecureRegistries.map((registry) => `insecure-registry=${registry}`),
    ...registryMirrors.map((mirror) => `registry-mirror=${mirror}`),
    ...(storageDriver === "" ? [] : [`storage-driver=${storageDriver}`]),
    ...labels.map((label) => `label=${label}`),
  ];
}

/** The engine refuses two values for one label: the last one counts. */
function isLastOfItsLabel(option: string, at: number, options: readonly string[]): boolean {
  const key = labelOf(option);
  return key === undefined || !options.slice(at + 1).some((later) => labelOf(later) === key);
}

/** Name of the label that an option sets. */
function labelOf(option: string): string | undefined {
  return /^-{0,2}label=([^=]*)/.exec(option)?.[1];
}

function labelKeys({ labels }: DaemonJsonObject): Json[] {
  return isList(labels) ? labels.map(labelKey) : [];
}

/** With its value in the same word, so that a switch that needs one does not take the next flag for it. */
function flagOf(option: string): string {
  const flag = `--${option.replace(/^--?/, "")}`;
  return flag.includes("=") ? flag : `${flag}=true`;
}

function merge(into: DaemonJsonObject, wish: DaemonJsonObject): DaemonJsonObject {
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

function parse(text: string): DaemonJsonObject {
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
function print(value: DaemonJsonObject, existing = ""): string {
  return `${JSON.stringify(value, undefined, /^[ \t]+(?=")/m.exec(existing)?.[0] ?? 2)}\n`;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is DaemonJsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
