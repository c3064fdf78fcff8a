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

function item(fields: go.StructFields): go.Value {
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

describe("where Go would not help", () => {
  it("stops templates that invoke themselves without end", () => {
    const body = "{{with .}}{{range $.names}}{{if .}}{{template `a` $}}{{end}}{{end}}{{end}}";
    const template = parse(`{{define "a"}}${body}{{end}}{{template "a" .}}`);
    expect(() => execute(template, data.misc)).toThrow("exceeded maximum template depth (200)");
  });

  it("says that it does not know complex numbers", () => {
    expect(() => parse("{{1+2i}}")).toThrow('template: :1: complex numbers are not supported: "1+2i"');
  });

  it("gives every pointer the same address", () => {
    expect(execute(parse('{{printf "%p" .SwarmOptions}}'), data.item)).toBe("0xc000010000");
  });

  it("runs one template over several values", () => {
    const template = parse("{{$x := .Name}}{{$x}}");
    expect([data.item, data.headers].map((value) => execute(template, value))).toEqual(["web-1", "NAME"]);
  });

  it("prefers the functions it is given to the built-in ones", () => {
    const len = { parameters: ["any"], call: () => go.string("replaced") } as const;
    expect(execute(parse("{{len 1}}", { functions: { len } }), data.nil)).toBe("replaced");
  });

  it("fails with the code of a failure, not of wrong usage", () => {
    expect(() => parse("{{")).toThrow(expect.objectContaining({ code: "failed" }));
  });

  it("takes durations and integers beyond the safe ones of JavaScript", () => {
    const value = go.struct("T", { Ns: go.duration(9_223_372_036_854_775_807n), N: go.int(2n ** 63n - 1n) });
    expect(execute(parse("{{.Ns}} {{.N}}"), value)).toBe("2562047h47m16.854775807s 9223372036854775807");
  });

  it("rejects data that JSON cannot hold", () => {
    expect(() => go.fromJson({ a: undefined })).toThrow("not a JSON value: undefined");
  });
});
