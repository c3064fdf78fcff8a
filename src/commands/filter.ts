import { MachineError } from "../driver/index.js";
import type { MachineConfig } from "../store/config.js";

/** What filters look at. */
export interface Filterable {
  readonly name: string;
  readonly driverName: string;
  readonly state: string;
  readonly config?: MachineConfig;
}

export interface Filter {
  readonly keys: ReadonlySet<string>;
  /** @param all every machine, for filters that look beyond one */
  matches(one: Filterable, all: readonly Filterable[]): boolean;
}

const tests: Readonly<Record<string, (value: string, one: Filterable, all: readonly Filterable[]) => boolean>> = {
  name: (value, { name }) => pattern(value).test(name),
  state: (value, { state }) => same(state, value),
  driver: (value, { driverName }) => same(driverName, value),
  swarm: (value, one, all) => same(swarmMaster(one, all) ?? "", value),
  label: (value, { config }) =>
    (config?.HostOptions.EngineOptions.Labels ?? []).some((label) => sameLabel(label, value)),
};

/**
 * docker-machine's `--filter KEY=VALUE`: the same key repeated means or, different keys mean and.
 * @throws MachineError `failed`
 */
export function filterOf(words: readonly string[]): Filter {
  const wanted = new Map<string, string[]>();
  for (const word of words) {
    const [, key = "", value = ""] = /^([^=]*)=([^]*)$/.exec(word) ?? [];
    if (!word.includes("=")) throw new MachineError("failed", "Unsupported filter syntax");
    const known = key.trim().toLowerCase();
    if (!Object.hasOwn(tests, known)) throw new MachineError("failed", `Unsupported filter key '${key}'`);
    if (known === "name") pattern(value);
    wanted.set(known, [...(wanted.get(known) ?? []), value]);
  }
  return {
    keys: new Set(wanted.keys()),
    matches: (one, all) =>
      [...wanted].every(([key, values]) => values.some((value) => tests[key]?.(value, one, all) === true)),
  };
}

/** The name of the classic Swarm's master that this machine belongs to: the one with the same discovery. */
export function swarmMaster({ config }: Filterable, all: readonly Filterable[]): string | undefined {
  const discovery = config?.HostOptions.SwarmOptions.Discovery ?? "";
  if (discovery === "") return undefined;
  return all.find((other) => {
    const options = other.config?.HostOptions.SwarmOptions;
    return options?.Master === true && options.Discovery === discovery;
  })?.name;
}

/** Go's flags stand in front: `(?i)web`. */
function pattern(value: string): RegExp {
  const [, flags = "", body = ""] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(value) ?? [];
  try {
    return new RegExp(body, flags);
  } catch {
    throw new MachineError("failed", `error parsing regexp: \`${value}\``);
  }
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** `key=value` with the value in any case; a key alone asks for the label with any value. */
function sameLabel(label: string, wanted: string): boolean {
  const [key, ...value] = label.split("=");
  const [wantedKey, ...wantedValue] = wanted.split("=");
  if (key !== wantedKey) return false;
  return wantedValue.length === 0 || same(value.join("="), wantedValue.join("="));
}
