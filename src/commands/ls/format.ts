import type { Listed } from "../../core/inspect/list.js";
import { execute, parse } from "../../gotemplate/index.js";
import {
  bool,
  duration,
  float,
  int,
  nilPointer,
  pointer,
  string,
  stringMap,
  stringer,
  strings,
  struct,
  type Value,
} from "../../gotemplate/value.js";
import { align } from "../../ui/table.js";
import { swarmMaster } from "./filter.js";

const defaultFormat =
  "table {{ .Name }}\t{{ .Active }}\t{{ .DriverName}}\t{{ .State }}\t{{ .URL }}\t{{ .Swarm }}\t{{ .DockerVersion }}\t{{ .Error}}";

/** Header of each field in a `table`; docker-machine's, but for CertExpiry, which is ours. */
const headers = {
  Name: "NAME",
  Active: "ACTIVE",
  ActiveHost: "ACTIVE_HOST",
  ActiveSwarm: "ACTIVE_SWARM",
  DriverName: "DRIVER",
  State: "STATE",
  URL: "URL",
  SwarmOptions: "SWARM_OPTIONS",
  Swarm: "SWARM",
  EngineOptions: "ENGINE_OPTIONS",
  Error: "ERRORS",
  DockerVersion: "DOCKER",
  ResponseTime: "RESPONSE",
  CertExpiry: "CERT_EXPIRY",
};

/**
 * The rows by a Go template, one line each; with the leading word `table` aligned under a header.
 * `\t` and `\n` may be written out in `format`.
 * @param all every machine, also those that are not shown
 */
export function render(rows: readonly Listed[], all: readonly Listed[], format: string | undefined): string {
  const wanted = (format || defaultFormat).replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  const [, isTable, body = ""] = /^(table)? *([^]*?) *$/.exec(wanted) ?? [];
  const template = parse(body);
  const lines = rows.map((row) => execute(template, item(row, all)));
  if (isTable === undefined) return lines.map((line) => `${line}\n`).join("");
  return align([execute(template, stringMap(headers)), ...lines].map((line) => `${line}\n`).join(""));
}

/** One row as the Go struct that docker-machine's templates are written for. */
function item(row: Listed, all: readonly Listed[]): Value {
  const isAsked = row.config !== undefined && row.state !== "Timeout";
  return struct("commands.HostListItem", {
    Name: row.name,
    Active: isAsked ? (row.isActive ? "*" : "-") : "",
    ActiveHost: row.isActive,
    ActiveSwarm: false,
    DriverName: row.driverName,
    State: stringer("state.State", states.indexOf(row.state), row.state),
    URL: row.url,
    SwarmOptions: options("swarm.Options", isAsked ? row.config.HostOptions.SwarmOptions : undefined),
    Swarm: swarmCell(row, all),
    EngineOptions: options("engine.Options", isAsked ? row.config.HostOptions.EngineOptions : undefined),
    Error: row.error,
    DockerVersion: row.dockerVersion,
    ResponseTime: duration(Math.round(row.responseTime * 1e6)),
    CertExpiry: row.certificatesEnd?.toISOString() ?? "",
  });
}

/** docker-machine's numbers for its states are the indices. */
const states = ["", "Running", "Paused", "Saved", "Stopped", "Stopping", "Starting", "Error", "Timeout", "Missing"];

function options(type: string, fields: object | undefined): Value {
  if (fields === undefined) return nilPointer(type);
  const values = Object.entries(fields as Record<string, unknown>).map(([key, value]) => [key, field(key, value)]);
  return pointer(struct(type, Object.fromEntries(values) as Record<string, Value>));
}

function field(key: string, value: unknown): Value {
  if (typeof value === "string") return string(value);
  if (typeof value === "boolean") return bool(value);
  // A member that nobody knows may be any number.
  if (typeof value === "number") return key === "Overcommit" || !Number.isInteger(value) ? float(value) : int(value);
  return strings(Array.isArray(value) ? value.map(String) : []);
}

/** `master (master)` for the master itself, else the name of the one that it belongs to. */
function swarmCell(row: Listed, all: readonly Listed[]): string {
  const master = swarmMaster(row, all);
  if (master === undefined) return "";
  return row.config?.HostOptions.SwarmOptions.Master === true ? `${master} (master)` : master;
}
