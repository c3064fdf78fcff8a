import { boolean, integer, list, MachineError, text } from "../../driver/index.js";
import type { BrokenMachine, StoredMachine } from "../../store/store.js";
import type { Listed } from "../../core/inspect/list.js";
import { defineCommand } from "../../cli/command.js";
import { filterOf, swarmMaster, type Filter, type Filterable } from "./filter.js";
import { refuseFormat, type Output } from "../../cli/output.js";
import { printable } from "../../ui/terminal.js";
import { warnOfSwarm } from "../env/swarm.js";

const timeout = integer({
  help: "Seconds after which a machine counts as not answering",
  short: "t",
  default: 10,
  min: 0,
});

export const ls = defineCommand({
  usage: "[OPTIONS]",
  options: {
    quiet: boolean({ help: "Enable quiet mode", short: "q" }),
    filter: list({ help: "Filter output: name=REGEXP, state=, driver=, swarm= or label=KEY=VALUE" }),
    timeout,
    format: text({ help: "Pretty-print machines using a Go template", short: "f" }),
  },
  async run({ values, json, session, out }) {
    refuseFormat(json, values.format);
    const filter = await filterOf(values.filter);
    if (filter.keys.has("swarm")) warnOfSwarm(out);
    if (values.quiet && !filter.keys.has("state")) {
      const isByName = [...filter.keys].every((key) => key === "name");
      const machines = isByName ? (await session.store.names()).map(unread) : (await session.store.list()).map(unasked);
      sayNames(out, filter, machines);
      return;
    }
    const { listMachines } = await import("../../core/inspect/list.js");
    const rows = await listMachines(session, await session.store.list(), {
      limit: values.timeout * 1000,
      certificates: json || values.format !== undefined,
    });
    if (values.quiet) {
      sayNames(out, filter, rows);
      return;
    }
    const { render } = await import("./format.js");
    const shown = rows.filter((row) => filter.matches(row, rows)).sort(byName);
    if (!json) out.raw(printable(render(shown, rows, values.format)));
    out.json(shown.map((row) => factsOf(row, rows)));
  },
});

export const active = defineCommand({
  usage: "[OPTIONS]",
  options: {
    timeout,
  },
  async run({ args, values, session, out }) {
    if (args.length > 0) throw new MachineError("failed", "Error: Too many arguments given");
    const { listMachines } = await import("../../core/inspect/list.js");
    const rows = await listMachines(session, await session.store.list(), { limit: values.timeout * 1000 });
    const found = [...rows].sort(byName).find(({ isActive }) => isActive);
    if (found !== undefined) {
      out.text(found.name);
      out.json({ name: found.name });
      return;
    }
    const isLate = rows.some(({ state }) => state === "Timeout");
    throw new MachineError("failed", isLate ? "Error getting active host: timeout" : "No active host found");
  },
});

function sayNames(out: Output, filter: Filter, rows: readonly Filterable[]): void {
  const shown = rows.filter((row) => filter.matches(row, rows)).map(({ name }) => name);
  out.text(...shown);
  out.json(shown);
}

/** A row for programs: what is not known, or not so, is null. */
function factsOf(row: Listed, all: readonly Listed[]): object {
  const { name, isActive, config, state, url, dockerVersion, responseTime, certificatesEnd, error } = row;
  return {
    ...{ name, isActive, driver: config?.DriverName ?? null, state, url: url || null },
    swarm: swarmMaster(row, all) ?? null,
    dockerVersion: /^v(.+)/.exec(dockerVersion)?.[1] ?? null,
    responseTimeMs: responseTime === 0 ? null : Math.round(responseTime),
    certificatesEnd: certificatesEnd?.toISOString() ?? null,
    error: error || null,
  };
}

function unread(name: string): Filterable {
  return { name, driverName: "", state: "" };
}

function unasked(one: StoredMachine | BrokenMachine): Filterable {
  if ("error" in one) return { name: one.name, driverName: "not found", state: "Error" };
  return { name: one.name, driverName: one.config.DriverName, state: "", config: one.config };
}

/** Natural order of the names in lower case, m2 before m10: Intl.Collator's, which takes as long to load as Node. */
function byName({ name: one }: { readonly name: string }, { name: other }: { readonly name: string }): number {
  const [parts, others] = [partsOf(one), partsOf(other)];
  const at = parts.findIndex((part, index) => part !== others[index]);
  if (at < 0) return parts.length - others.length;
  const [part = "", against = ""] = [parts[at], others[at]];
  return Number(part) - Number(against) || (part < against ? -1 : 1);
}

/** `M10.b` is `m`, `10` and `.b`. */
function partsOf(name: string): readonly string[] {
  return name.toLowerCase().match(/\d+|\D+/g) ?? [];
}
