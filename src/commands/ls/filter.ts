import { MachineError } from "../../driver/index.js";
import type { MachineConfig } from "../../store/config.js";

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

type Test = (one: Filterable, all: readonly Filterable[]) => boolean;

const tests: Readonly<Record<string, (value: string) => Test | Promise<Test>>> = {
  name: nameMatches,
  state: (value) => (one) => same(one.state, value),
  driver: (value) => (one) => same(one.driverName, value),
  swarm: (value) => (one, all) => same(swarmMaster(one, all) ?? "", value),
  label: (value) => (one) =>
    (one.config?.HostOptions.EngineOptions.Labels ?? []).some((label) => sameLabel(label, value)),
};

/**
 * docker-machine's `--filter KEY=VALUE`: the same key repeated means or, different keys mean and.
 * @throws MachineError `failed`
 */
export async function filterOf(words: readonly string[]): Promise<Filter> {
  const wanted = new Map<string, Test[]>();
  for (const word of words) {
    const [, key = "", value = ""] = /^([^=]*)=([^]*)$/.exec(word) ?? [];
    if (!word.includes("=")) throw new MachineError("failed", "Unsupported filter syntax");
    const known = key.trim().toLowerCase();
    const testOf = Object.hasOwn(tests, known) ? tests[known] : undefined;
    if (testOf === undefined) throw new MachineError("failed", `Unsupported filter key '${key}'`);
    wanted.set(known, [...(wanted.get(known) ?? []), await testOf(value)]);
  }
  return {
    keys: new Set(wanted.keys()),
    matches: (one, all) => [...wanted.values()].every((alternatives) => alternatives.some((test) => test(one, all))),
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

/** A regular expression of Go's kind, whose complaints are Go's as well. */
async function nameMatches(value: string): Promise<Test> {
  const { RE2JS, RE2JSSyntaxException } = await import("re2js");
  try {
    const pattern = RE2JS.compile(value);
    return ({ name }) => pattern.test(name);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const where = `\`${error.getPattern() ?? ""}\``;
    throw new MachineError("failed", `error parsing regexp: ${error.getDescription()}: ${where}`, { cause: error });
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
