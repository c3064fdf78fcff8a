import { isObject, type JsonObject } from "../../src/driver/index.js";
import { describe, expect, it } from "vitest";
import { checkConfig, newConfig, type MachineConfig } from "../../src/store/config.js";
import { encodeJson, parseJson } from "../../src/store/json.js";
import { fixture, goldenNames, goldenRoot } from "./support.js";

async function golden(name: string): Promise<JsonObject> {
  const json = parseJson(await fixture(`config-${name}`));
  if (!isObject(json)) throw new Error("the fixture is no object");
  return json;
}

/** The golden config with another value at a path. */
async function altered(path: readonly string[], value: unknown): Promise<JsonObject> {
  const change = (json: unknown, [key = "", ...rest]: readonly string[]): JsonObject => {
    const object = isObject(json) ? json : {};
    return { ...object, [key]: rest.length === 0 ? value : change(object[key], rest) };
  };
  return change(await golden("generic"), path);
}

describe("a config.json of docker-machine", () => {
  it.each(goldenNames)("is written back byte by byte (%s)", async (name) => {
    expect(encodeJson(checkConfig(await golden(name)))).toBe(await fixture(`config-${name}`));
  });

  it.each(goldenNames)("is what a new machine's config is byte by byte (%s)", async (name) => {
    const old = checkConfig(await golden(name));
    const made = newConfig({
      name: old.Name,
      root: goldenRoot,
      driverName: name,
      driver: old.Driver,
      engine: { InstallURL: old.HostOptions.EngineOptions.InstallURL },
    });
    expect(encodeJson(made)).toBe(await fixture(`config-${name}`));
  });
});

describe("a new config", () => {
  it("takes what was asked for in place of the defaults", async () => {
    const { Driver } = checkConfig(await golden("generic"));
    const { HostOptions } = newConfig({
      name: "n1",
      root: "/s",
      driverName: "generic",
      driver: Driver,
      engine: { Labels: ["a=b"], StorageDriver: "btrfs" },
      swarm: { Strategy: "random" },
      serverCertSANs: ["n1.example"],
      tls: { CaCertPath: "/tls/ca.pem" },
    });
    expect(HostOptions.EngineOptions).toMatchObject({ Labels: ["a=b"], StorageDriver: "btrfs", TlsVerify: true });
    expect(HostOptions.SwarmOptions).toMatchObject({ Strategy: "random", Image: "swarm:latest" });
    expect(HostOptions.AuthOptions).toMatchObject({
      CertDir: "/s/certs",
      CaCertPath: "/tls/ca.pem",
      ClientCertPath: "/s/certs/cert.pem",
      ServerCertSANs: ["n1.example"],
      StorePath: "/s/machines/n1",
    });
  });
});

describe("checking a config", () => {
  const wrong: readonly [string, unknown, string][] = [
    ["Driver", null, "Driver: must be an object"],
    ["HostOptions", [], "HostOptions: must be an object"],
    ["HostOptions.EngineOptions", null, "HostOptions.EngineOptions: must be an object"],
    ["HostOptions.EngineOptions.Labels", "a=b", "HostOptions.EngineOptions.Labels: must be a list of text"],
    ["HostOptions.EngineOptions.Labels", ["a", 1], "HostOptions.EngineOptions.Labels: must be a list of text"],
    ["HostOptions.SwarmOptions.Overcommit", "1", "HostOptions.SwarmOptions.Overcommit: must be a number"],
    ["HostOptions.Memory", 1.5, "HostOptions.Memory: must be a whole number"],
    ["Driver.SSHPort", "22", "Driver.SSHPort: must be a whole number"],
    ["Driver.SwarmMaster", 0, "Driver.SwarmMaster: must be true or false"],
    ["DriverName", {}, "DriverName: must be text"],
  ];

  it.each(wrong)("names the path at fault: %s = %j", async (path, value, message) => {
    const json = await altered(path.split("."), value);
    expect(() => checkConfig(json)).toThrow(expect.objectContaining({ name: "MachineError", message }));
  });

  it("reads what is missing or null as Go's zero value", async () => {
    const config: MachineConfig = checkConfig({
      ...(await golden("generic")),
      DriverName: null,
      HostOptions: { EngineOptions: {}, SwarmOptions: { Env: null }, AuthOptions: {} },
    });
    expect(config.DriverName).toBe("");
    expect(config.HostOptions.Memory).toBe(0);
    expect(config.HostOptions.EngineOptions).toMatchObject({ Labels: null, TlsVerify: false, GraphDir: "" });
  });

  it("keeps members that nobody knows, at every level", async () => {
    const paths = ["", "Driver.", "HostOptions.", "HostOptions.EngineOptions.", "HostOptions.AuthOptions."];
    for (const path of paths) {
      const json = await altered(`${path}Later`.split("."), { a: [1] });
      expect(encodeJson(checkConfig(json))).toBe(encodeJson(json));
    }
  });
});
