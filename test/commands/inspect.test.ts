import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MachineConfig } from "../../src/store/config.js";
import { putConfig } from "../store/support.js";
import { createNone, newHome, putCertificates, putGeneric, startEngine } from "./support.js";

describe("machine inspect", () => {
  test("shows config.json in its order, with four spaces and Go's escapes", async () => {
    const home = await newHome();
    const dir = await putGeneric(home, "web", 1, (config) => ({
      ...config,
      Driver: { ...config.Driver, SSHUser: "<&>" },
    }));
    const { code, stdout, stderr } = await home.machine(["inspect", "web"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const text = await readFile(join(dir, "config.json"), "utf8");
    expect(text).toContain(String.raw`"SSHUser": "\u003c\u0026\u003e"`);
    // What config.json has no place for stands behind.
    const more = '"DockerTransport": "tls",\n    "Certificates": {}';
    expect(stdout).toBe(`${text.slice(0, -"\n}".length)},\n    ${more}\n}\n`);
  });

  test("tells what each certificate is for and when it ends", async () => {
    const home = await newHome();
    await putCertificates(await putGeneric(home, "web"), (await startEngine()).ca);
    const { stdout } = await home.machine(["inspect", "web"]);
    const { Certificates } = JSON.parse(stdout) as {
      Certificates: Record<string, { Subject: string; NotAfter: string }>;
    };
    expect(Object.keys(Certificates)).toEqual(["ca.pem", "cert.pem"]);
    expect(Certificates["cert.pem"]?.Subject).toContain("ann.<bootstrap>");
    expect(Date.parse(Certificates["cert.pem"]?.NotAfter ?? "")).toBeGreaterThan(Date.now());
  });

  test("loses no digit of a number that JavaScript cannot hold", async () => {
    const home = await newHome();
    const dir = await putGeneric(home, "web");
    const text = await readFile(join(dir, "config.json"), "utf8");
    await putConfig(home.store, "web", text.replace('"SSHUser"', '"Id": 9007199254740993,\n        "SSHUser"'));
    expect((await home.machine(["inspect", "web"])).stdout).toContain('"Id": 9007199254740993,');
    for (const format of ["{{json .Driver.Id}}", "{{.Driver.Id}}"]) {
      expect(await home.machine(["inspect", "-f", format, "web"])).toEqual({
        code: 0,
        stdout: "9007199254740993\n",
        stderr: "",
      });
    }
  });

  test("works for a machine whose driver is not here", async () => {
    const home = await newHome();
    await putGeneric(home, "web", 1, (config) => ({ ...config, DriverName: "foo" }));
    expect(await home.machine(["inspect", "web", "-f", "{{.DriverName}}"])).toMatchObject({ code: 0, stdout: "foo\n" });
  });

  test("reads a file of an earlier version and leaves it as it is", async () => {
    const home = await newHome();
    const { Driver } = JSON.parse(
      await readFile(join(await putGeneric(home, "new"), "config.json"), "utf8"),
    ) as MachineConfig;
    const old = JSON.stringify({ ConfigVersion: 0, DriverName: "generic", Driver, HostOptions: {} });
    const path = await putConfig(home.store, "web", old);
    const shown = await home.machine(["inspect", "-f", "{{.ConfigVersion}} {{.Name}}", "web"]);
    expect(shown).toEqual({ code: 0, stdout: "3 web\n", stderr: "" });
    expect(await readFile(path, "utf8")).toBe(old);
  });
});

describe("the format of machine inspect", () => {
  test.each([
    ["{{.Driver.IPAddress}}", "127.0.0.1"],
    ["{{.Driver.SSHPort}}", "1"],
    ["{{.Driver.Nope}}", "<no value>"],
    ["{{json .HostOptions.EngineOptions.Labels}} {{json .Name}}", '[] "web"'],
    ["{{json .HostOptions.EngineOptions.Dns}}", "null"],
    ["{{.Name}}\\t{{.DriverName}}", "web\\tgeneric"],
    [
      "{{range $key, $value := .Driver}}{{$key}} {{end}}",
      "EnginePort IPAddress MachineName SSHKey SSHKeyPath SSHPort SSHUser StorePath SwarmDiscovery SwarmHost SwarmMaster ",
    ],
    ["{{prettyjson .HostOptions.SwarmOptions.ArbitraryFlags}}", "[]"],
  ])("%s makes %j", async (format, text) => {
    const home = await newHome();
    await putGeneric(home, "web");
    const expected = { code: 0, stdout: `${text}\n`, stderr: "" };
    expect(await home.machine(["inspect", "--format", format, "web"])).toEqual(expected);
    expect(await home.machine(["inspect", "web", "-f", format])).toEqual(expected);
  });

  test("sorts the keys of JSON, and indents it by four spaces with prettyjson", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const of = async (format: string): Promise<string> => (await home.machine(["inspect", "web", "-f", format])).stdout;
    const keys = ["IPAddress", "MachineName", "SSHKeyPath", "SSHPort", "SSHUser", "StorePath"];
    const compact = await of("{{json .Driver}}");
    expect(compact).not.toContain(" ");
    expect(Object.keys(JSON.parse(compact) as object).slice(0, keys.length)).toEqual(keys);
    const pretty = await of("{{prettyjson .Driver}}");
    expect(pretty).toMatch(/^\{\n {4}"IPAddress": "127\.0\.0\.1:1",\n/);
    expect(JSON.parse(pretty)).toEqual(JSON.parse(compact));
  });

  test.each([
    ["{{", "template parsing error: template: :1: unclosed action\n"],
    ["{{nope}}", 'template parsing error: template: :1: function "nope" not defined\n'],
    ["{{.Name.X}}", 'template: :1:7: executing "" at <.Name.X>: can\'t evaluate field X in type interface {}\n'],
  ])("%j is an error in Go's words", async (format, stderr) => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["inspect", "-f", format, "web"])).toEqual({ code: 1, stdout: "", stderr });
  });

  test("may be empty, which is the default", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["inspect", "-f", "", "web"])).toEqual(await home.machine(["inspect", "web"]));
  });
});
