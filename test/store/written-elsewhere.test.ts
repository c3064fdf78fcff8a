import { isObject } from "../../src/driver/index.js";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkConfig, newConfig } from "../../src/store/config.js";
import { encodeJson, parseJson } from "../../src/store/json.js";
import { temporaryHome } from "../support/cli.js";
import { fixture, fixtureIn, goldenRoot, putConfig } from "./support.js";

/** Both were written by docker-machine 0.16.2: one of driver none with certificates of the user's own, one of generic. */
const names = ["config-none", "config-generic-options"] as const;

async function config(name: (typeof names)[number]) {
  const json = parseJson(await fixture(name));
  if (!isObject(json)) throw new Error("the fixture is no object");
  return checkConfig(json);
}

describe("a config.json that docker-machine wrote for more than the defaults", () => {
  test.each(names)("is written back byte by byte (%s)", async (name) => {
    expect(encodeJson(await config(name))).toBe(await fixture(name));
  });

  test.each(names)("is what our config is for the same options byte by byte (%s)", async (name) => {
    const { Name, Driver, DriverName, HostOptions } = await config(name);
    const made = newConfig({
      name: Name,
      root: goldenRoot,
      driverName: DriverName,
      driver: Driver,
      engine: HostOptions.EngineOptions,
      swarm: HostOptions.SwarmOptions,
      serverCertSANs: HostOptions.AuthOptions.ServerCertSANs ?? [],
      tls: HostOptions.AuthOptions,
    });
    expect(encodeJson(made)).toBe(await fixture(name));
  });
});

describe("with a store of docker-machine", () => {
  let home: Awaited<ReturnType<typeof temporaryHome>>;

  beforeEach(async () => {
    home = await temporaryHome();
  });

  afterEach(() => home.remove());

  test("the same command line writes the same config.json", async () => {
    const tls = ["ca-cert=ca.pem", "ca-key=ca-key.pem", "client-cert=cert.pem", "client-key=key.pem"].map((pair) => {
      const [flag = "", file = ""] = pair.split("=");
      return `--tls-${flag}=${join(home.home, "tls", file)}`;
    });
    const swarm = ["--swarm", "--swarm-discovery", "token://abc", "--swarm-addr", "192.0.2.7:2376"];
    const line = [...tls, "create", "-d", "none", "--url", "tcp://192.0.2.7:2376", ...swarm, "n1"];
    await mkdir(join(home.home, "tls"));
    expect(await home.machine(line)).toMatchObject({ code: 0 });
    const written = await readFile(join(home.store, "machines", "n1", "config.json"), "utf8");
    expect(written.replaceAll(home.home, "/home/me")).toBe(await fixture("config-none"));
  });

  test("labels with spaces, lists and the swarm are found and shown", async () => {
    await putConfig(home.store, "g2", await fixtureIn(home.store, "config-generic-options"));
    await putConfig(home.store, "n1", await fixtureIn(home.store, "config-none"));
    const stdout = async (...argv: string[]): Promise<string> => (await home.machine(argv)).stdout;
    expect(await stdout("ls", "-q", "--filter", "label=team=A B")).toBe("g2\n");
    expect(await stdout("ls", "-q", "--filter", "swarm=g2")).toBe("g2\nn1\n");
    const { EngineOptions, AuthOptions } = (await config("config-generic-options")).HostOptions;
    const shown = await stdout("inspect", "-f", "{{json .HostOptions.EngineOptions}}", "g2");
    expect(JSON.parse(shown)).toEqual(EngineOptions);
    const sans = await stdout("inspect", "-f", "{{range .HostOptions.AuthOptions.ServerCertSANs}}{{.}} {{end}}", "g2");
    expect(sans).toBe(`${AuthOptions.ServerCertSANs?.join(" ") ?? ""} \n`);
    expect(await stdout("ip", "g2", "n1")).toBe("192.0.2.8\n192.0.2.7:2376\n");
  });
});
