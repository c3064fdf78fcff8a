/*
 * vectors.json holds what text/template of Go 1.19.8 itself printed, or which error it gave, for each template.
 * The data it names are the JSON values there, and the Go structs and maps that are rebuilt below.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { messageOf } from "../../src/driver/index.js";
import { execute, jsonFunctions, parse } from "../../src/gotemplate/index.js";
import * as go from "../../src/gotemplate/value.js";

interface Vector {
  readonly template: string;
  readonly data: keyof typeof data;
  readonly functions?: true;
  readonly name?: string;
  readonly output?: string;
  readonly error?: string;
}

interface Vectors {
  readonly data: { readonly config: unknown; readonly misc: unknown };
  readonly vectors: readonly Vector[];
}

const recorded = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8")) as Vectors;

const noList: go.Value = { kind: "list", type: "[]string", items: undefined };

const swarmOptions = go.struct("swarm.Options", {
  IsSwarm: false,
  Address: "",
  Discovery: "",
  Agent: false,
  Master: true,
  Host: "tcp://0.0.0.0:3376",
  Image: "",
  Strategy: "spread",
  Heartbeat: go.int(10),
  Overcommit: go.float(0.05),
  ArbitraryFlags: ["x", "y z"],
  ArbitraryJoinFlags: noList,
  Env: noList,
  IsExperimental: false,
});

const engineOptions = go.struct("engine.Options", {
  ArbitraryFlags: noList,
  DNS: noList,
  GraphDir: "",
  Env: noList,
  Ipv6: false,
  InsecureRegistry: noList,
  Labels: ["a=b", "c=d"],
  LogLevel: "",
  StorageDriver: "overlay2",
  SelinuxEnabled: false,
  TLSVerify: true,
  RegistryMirror: noList,
  InstallURL: "",
});

function item(fields: go.Fields): go.Value {
  return go.struct("commands.HostListItem", {
    Name: "",
    Active: "",
    ActiveHost: false,
    ActiveSwarm: false,
    DriverName: "",
    State: go.stringer("state.State", 0, ""),
    URL: "",
    SwarmOptions: go.nilPointer("swarm.Options"),
    Swarm: "",
    EngineOptions: go.nilPointer("engine.Options"),
    Error: "",
    DockerVersion: "",
    ResponseTime: go.duration(0),
    ...fields,
  });
}

const data = {
  config: go.fromJson(recorded.data.config),
  misc: go.fromJson(recorded.data.misc),
  item: item({
    Name: "web-1",
    Active: "*",
    ActiveHost: true,
    DriverName: "virtualbox",
    State: go.stringer("state.State", 1, "Running"),
    URL: "tcp://192.168.99.100:2376",
    SwarmOptions: go.pointer(swarmOptions),
    EngineOptions: go.pointer(engineOptions),
    DockerVersion: "v20.10.24",
    ResponseTime: go.duration(1_500_000),
  }),
  broken: item({
    Name: "bad",
    DriverName: "not found",
    State: go.stringer("state.State", 4, "Stopped"),
    Error: "boom",
  }),
  headers: go.stringMap({ Name: "NAME", State: "STATE", SwarmOptions: "SWARM_OPTIONS" }),
  strings: go.strings(["b", "a"]),
  number: go.int(7),
  duration: go.duration(3_725_001_000_000),
  nil: go.fromJson(null),
};

function run({ template, data: name, functions, name: title = "" }: Vector): Pick<Vector, "output" | "error"> {
  try {
    const parsed = parse(template, { name: title, functions: functions === undefined ? {} : jsonFunctions });
    return { output: execute(parsed, data[name]) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

describe("a template does what Go does with it", () => {
  for (const vector of recorded.vectors) {
    it(`${vector.name ?? ""} ${vector.template} (${vector.data})`, () => {
      const { output, error } = vector;
      expect(run(vector)).toEqual(error === undefined ? { output } : { error });
    });
  }
});
