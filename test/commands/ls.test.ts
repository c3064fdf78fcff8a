import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { putConfig } from "../store/support.js";
import {
  createNone,
  day,
  linesOf,
  listening,
  newHome,
  putCertificates,
  putGeneric,
  putRunning,
  startEngine,
  startSilence,
  type Home,
} from "./support.js";

/** The rows of a table as the texts between its gaps. */
async function rowsOf(home: Home, argv: readonly string[], env = {}): Promise<readonly (readonly string[])[]> {
  const listed = await home.machine(["ls", ...argv], { env });
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  return linesOf(listed).map((line) => line.trim().split(/\s{2,}/));
}

/** The lines that a format makes. */
async function formatted(home: Home, format: string, ...more: readonly string[]): Promise<readonly string[]> {
  const listed = await home.machine(["ls", "-t", "5", ...more, "-f", format]);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  return linesOf(listed);
}

const headers = ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS"];

describe("machine ls", () => {
  test("shows only the header where there is no store, and makes none", async () => {
    const home = await newHome();
    expect(await rowsOf(home, [])).toEqual([headers]);
    expect(await home.machine(["ls", "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("shows a running machine, and a stopped one without an address", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    await putGeneric(home, "db");
    expect(await rowsOf(home, [])).toEqual([
      headers,
      ["db", "-", "generic", "Stopped", "Unknown"],
      ["web", "-", "generic", "Running", url, "v29.1.0"],
    ]);
  });

  test("marks the machine that the docker client is set to", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    await putRunning(home, "db");
    const rows = await rowsOf(home, [], { DOCKER_HOST: url });
    expect(rows.map(([name, active]) => [name, active])).toEqual([
      ["NAME", "ACTIVE"],
      ["db", "-"],
      ["web", "*"],
    ]);
  });

  test("sorts by the natural order of the names in lower case", async () => {
    const home = await newHome();
    await createNone(home, "m10", "Zoe", "m2", "M1", "a", "Node1", "node1");
    const names = await formatted(home, "{{.Name}}", "-t", "0");
    expect(names).toEqual(["a", "M1", "m2", "m10", "Node1", "node1", "Zoe"]);
    expect((await home.machine(["ls", "-q"])).stdout).toBe("M1\nNode1\nZoe\na\nm10\nm2\nnode1\n");
  });

  test("calls a machine that has not answered in time Timeout, and shows the others", async () => {
    const home = await newHome();
    const silence = await startSilence();
    const engine = await putRunning(home, "web");
    await putCertificates(await putGeneric(home, "mute", silence.port), engine.ca);
    expect(await rowsOf(home, ["-t", "1"])).toEqual([
      headers,
      ["mute", "generic", "Timeout"],
      ["web", "-", "generic", "Running", engine.url, "v29.1.0"],
    ]);
    expect(await rowsOf(home, ["-t", "0"])).toEqual([
      headers,
      ["mute", "generic", "Timeout"],
      ["web", "generic", "Timeout"],
    ]);
  });

  test("asks an engine that somebody else looks after without TLS", async () => {
    const home = await newHome();
    const answer = JSON.stringify({ Version: "28.0.1", ApiVersion: "1.48" });
    const { url } = await listening(createServer((_, response) => response.end(answer)));
    await home.machine(["create", "-d", "none", "--url", url, "plain"]);
    expect(await rowsOf(home, [])).toContainEqual(["plain", "-", "none", "Running", url, "v28.0.1"]);
    expect(await home.machine(["version", "plain"])).toMatchObject({ code: 0, stdout: "28.0.1\n" });
  });

  test("asks one with TLS by the client certificate of the store", async () => {
    const home = await newHome();
    const engine = await startEngine();
    await home.machine(["create", "-d", "none", "--url", engine.url, "secured"]);
    await putCertificates(join(home.store, "certs"), engine.ca);
    expect(await rowsOf(home, [])).toContainEqual(["secured", "-", "none", "Running", engine.url, "v29.1.0"]);
    expect(await home.machine(["version", "secured"])).toMatchObject({ code: 0, stdout: "29.1.0\n" });
  });

  test("says why an engine that answers cannot be used", async () => {
    const home = await newHome();
    const engine = await startEngine();
    const stranger = await startEngine();
    await putCertificates(await putGeneric(home, "web", engine.port), stranger.ca);
    const [line] = await formatted(home, "{{.State}} {{.DockerVersion}} {{.Error}}");
    expect(line).toMatch(/^Running Unknown Unable to query docker version: .* is signed by an unknown authority$/);
  });

  test("shows the master of a classic Swarm", async () => {
    const home = await newHome();
    const swarm = (Master: boolean) => (config: { HostOptions: { SwarmOptions: object } }) => ({
      ...config,
      HostOptions: {
        ...config.HostOptions,
        SwarmOptions: { ...config.HostOptions.SwarmOptions, Discovery: "token://1", Master },
      },
    });
    await putGeneric(home, "boss", 1, swarm(true));
    await putGeneric(home, "bee", 1, swarm(false));
    await putGeneric(home, "other");
    expect(await formatted(home, "{{.Name}}={{.Swarm}}")).toEqual(["bee=boss", "boss=boss (master)", "other="]);
  });
});

describe("a broken machine", () => {
  const kinds = [
    ["a-missing", undefined, /: open .*config\.json: no such file or directory$/],
    ["b-empty", "", /: unexpected end of JSON input$/],
    ["c-cut", '{"Driver": ', /: unexpected end of JSON input$/],
    ["d-braces", "{}", /Driver: must be an object$/],
    ["e-null", "null", /must be an object$/],
    ["f-text", "hello", /not valid JSON$/],
    ["g-driver", '{"ConfigVersion": 3, "Driver": null}', /must be an object$/],
    [
      "h-future",
      '{"ConfigVersion": 4}',
      /config version is from the future -- you should upgrade your Docker Machine client$/,
    ],
  ] as const;

  async function brokenHome(): Promise<Home> {
    const home = await newHome();
    for (const [name, text] of kinds) {
      await mkdir(join(home.store, "machines", name), { recursive: true });
      if (text !== undefined) await putConfig(home.store, name, text);
    }
    return home;
  }

  test("has a row of its own with what is wrong, in one line, and hides no other", async () => {
    const home = await brokenHome();
    await createNone(home, "web");
    const lines = await formatted(
      home,
      "{{.Name}}|{{.Active}}|{{.DriverName}}|{{.State}}|{{.DockerVersion}}|{{.Error}}",
    );
    expect(lines).toHaveLength(kinds.length + 1);
    for (const [index, [name, , error]] of kinds.entries()) {
      const [shown, active, driver, state, docker, ...message] = lines[index]?.split("|") ?? [];
      expect([shown, active, driver, state, docker]).toEqual([name, "", "not found", "Error", ""]);
      expect(message.join("|")).toMatch(error);
    }
    expect(lines.at(-1)).toMatch(/^web\|-\|none\|Running\|/);
  });

  test("is found by its state and its name, and is in the list of names", async () => {
    const home = await brokenHome();
    await createNone(home, "web");
    const names = kinds.map(([name]) => name);
    expect(linesOf(await home.machine(["ls", "-q"]))).toEqual([...names, "web"]);
    expect(linesOf(await home.machine(["ls", "-q", "--filter", "state=error"]))).toEqual(names);
    expect(linesOf(await home.machine(["ls", "-q", "--filter", "name=^a-"]))).toEqual(["a-missing"]);
    expect(await formatted(home, "{{.Name}}", "--filter", "driver=none")).toEqual(["web"]);
  });

  test("may be one whose driver is not here", async () => {
    const home = await newHome();
    await putGeneric(home, "cloud", 1, (config) => ({ ...config, DriverName: "foo" }));
    const [line] = await formatted(home, "{{.State}}|{{.Error}}");
    expect(line).toMatch(/^Error\|Driver "foo" not found\. Do you have .* in your PATH\?: .*machine driver add /);
  });

  test("is not what has no directory, or one that begins with a dot", async () => {
    const home = await newHome();
    await mkdir(join(home.store, "machines", ".hidden"), { recursive: true });
    await writeFile(join(home.store, "machines", "file"), "");
    expect(await home.machine(["ls", "-q"])).toMatchObject({ code: 0, stdout: "" });
  });
});

describe("the filters of machine ls", () => {
  async function filtered(home: Home, ...filters: readonly string[]): Promise<readonly string[]> {
    const listed = await home.machine(["ls", "-q", ...filters.flatMap((one) => ["--filter", one])]);
    expect(listed).toMatchObject({ code: 0, stderr: "" });
    return linesOf(listed);
  }

  test.each([
    ["part of a name", ["name=eb"], ["web-1", "web-2"]],
    ["a regular expression", ["name=^web-[2-9]$"], ["web-2"]],
    ["a regular expression in Go's syntax", ["name=(?i)^(?P<role>WEB)-[[:digit:]]\\z"], ["web-1", "web-2"]],
    ["a driver in any case", ["driver=Generic"], ["db"]],
    ["a key in any case", ["DRIVER=generic"], ["db"]],
    ["either of two values of a key", ["name=db", "name=web-1"], ["db", "web-1"]],
    ["both of two keys", ["driver=none", "name=1"], ["web-1"]],
    ["a label, its value in any case", ["label=tier=FRONT"], ["web-1"]],
    ["a label that holds an equals sign", ["label=flags=a=b"], ["web-2"]],
    ["a label with any value", ["label=tier"], ["web-1", "web-2"]],
    ["nothing that is there", ["label=nope=1"], []],
    ["a state", ["state=stopped"], ["db"]],
  ])("find %s", async (_, filters, names) => {
    const home = await newHome();
    const create = ["create", "-d", "none", "--url", "tcp://127.0.0.1:1"];
    // A label without a value made docker-machine panic.
    await home.machine([...create, "--engine-label", "tier=front", "--engine-label", "alone", "web-1"]);
    await home.machine([...create, "--engine-label", "tier=", "--engine-label", "flags=a=b", "web-2"]);
    await putGeneric(home, "db");
    expect(await filtered(home, ...filters)).toEqual(names);
  });

  test.each([
    ["foo", "Unsupported filter syntax\n"],
    ["foo=bar", "Unsupported filter key 'foo'\n"],
    ["name=[", "error parsing regexp: missing closing ]: `[`\n"],
    ["name=(", "error parsing regexp: missing closing ): `(`\n"],
    ["name=web)", "error parsing regexp: unexpected ): `web)`\n"],
    ["name=*-web", "error parsing regexp: missing argument to repetition operator: `*`\n"],
    ["name=a{2,1}", "error parsing regexp: invalid repeat count: `{2,1}`\n"],
    ["name=web**", "error parsing regexp: invalid nested repetition operator: `**`\n"],
    ["name=[z-a]", "error parsing regexp: invalid character class range: `z-a`\n"],
    ["name=(?P<x", "error parsing regexp: invalid named capture: `(?P<x`\n"],
    ["name=web(?=-1)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`\n"],
    ["name=web\\Z", "error parsing regexp: invalid escape sequence: `\\Z`\n"],
    ["name=web\\", "error parsing regexp: trailing backslash at end of expression: ``\n"],
  ])("refuse %j in docker-machine's words", async (filter, stderr) => {
    const home = await newHome();
    expect(await home.machine(["ls", "--filter", filter])).toEqual({ code: 1, stdout: "", stderr });
  });
});

describe("the format of machine ls", () => {
  test("is a Go template for each machine", async () => {
    const home = await newHome();
    await createNone(home, "web", "db");
    expect(await formatted(home, "{{.Name}}\\t{{.DriverName}}\\n-")).toEqual(["db\tnone", "-", "web\tnone", "-"]);
    expect(
      await formatted(home, '{{printf "%q" .Name}} {{.EngineOptions.InstallURL}}', "--filter", "name=web"),
    ).toEqual(['"web" https://get.docker.com']);
  });

  test("makes an aligned table under the word table", async () => {
    const home = await newHome();
    await createNone(home, "a-long-name", "b");
    const expected = ["NAME          DRIVER", "a-long-name   none", "b             none"];
    expect(await formatted(home, "table {{.Name}}\\t{{.DriverName}}")).toEqual(expected);
    expect(await formatted(home, "table{{.Name}}\\t{{.DriverName}}")).toEqual(expected);
  });

  test("may be empty, which is the default", async () => {
    const home = await newHome();
    expect(await rowsOf(home, ["-f", ""])).toEqual([headers]);
  });

  test("knows when the first certificate of a machine ends", async () => {
    const home = await newHome();
    const engine = await startEngine();
    const now = Date.now();
    await putCertificates(await putGeneric(home, "web", engine.port), engine.ca, now - 340 * day);
    await createNone(home, "none");
    const [line = "", none] = await formatted(home, "{{.CertExpiry}}").then((lines) => [...lines].sort().reverse());
    expect(Math.round((Date.parse(line) - now) / day)).toBe(25);
    expect(none).toBe("");
  });

  test.each([
    ["{{", "template: :1: unclosed action\n"],
    ["{{nope}}", 'template: :1: function "nope" not defined\n'],
    [
      "{{.Nope}}",
      'template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope in type commands.HostListItem\n',
    ],
    ["{{json .}}", 'template: :1: function "json" not defined\n'],
  ])("%j is an error in Go's words", async (format, stderr) => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["ls", "-f", format])).toEqual({ code: 1, stdout: "", stderr });
    // Names alone need no template.
    expect(await home.machine(["ls", "-q", "-f", format])).toMatchObject({ code: 0, stdout: "web\n" });
  });
});

describe("machine active", () => {
  test("prints the machine that the docker client is set to", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    await putRunning(home, "db");
    expect(await home.machine(["active"], { env: { DOCKER_HOST: url } })).toEqual({
      code: 0,
      stdout: "web\n",
      stderr: "",
    });
  });

  test("says that there is none", async () => {
    const home = await newHome();
    await putRunning(home, "web");
    const none = { code: 1, stdout: "", stderr: "No active host found\n" };
    expect(await home.machine(["active"])).toEqual(none);
    expect(await home.machine(["active"], { env: { DOCKER_HOST: "tcp://192.0.2.9:2376" } })).toEqual(none);
  });

  test("says that it could not be found out in time", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    expect(await home.machine(["active", "-t", "0"], { env: { DOCKER_HOST: url } })).toEqual({
      code: 1,
      stdout: "",
      stderr: "Error getting active host: timeout\n",
    });
  });

  test("takes no name", async () => {
    const home = await newHome();
    expect(await home.machine(["active", "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Error: Too many arguments given\n",
    });
  });
});

test.each([["3000000"], ["9007199254740"]])("a timeout of %s seconds is one that does not come", async (seconds) => {
  const home = await newHome();
  await createNone(home, "web");
  const listed = await home.machine(["ls", "-t", seconds]);
  expect(listed.stdout).not.toContain("Timeout");
  expect(listed).toEqual(await home.machine(["ls"]));
});

test.each([["-1"], ["x"], ["1.5"]])("a timeout of %s is wrong usage", async (seconds) => {
  const home = await newHome();
  expect(await home.machine(["ls", "-t", seconds])).toMatchObject({ code: 2, stdout: "" });
});

test("an interrupted ls ends with status 130", async () => {
  const home = await newHome();
  const silence = await startSilence();
  const { ca } = await startEngine();
  await putCertificates(await putGeneric(home, "mute", silence.port), ca);
  expect(await home.machine(["ls"], { signal: AbortSignal.timeout(100) })).toMatchObject({ code: 130, stdout: "" });
});
