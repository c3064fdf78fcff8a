import { isObject, type JsonObject } from "../../src/driver/index.js";
import { readdir, readFile, rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseJson } from "../../src/store/json.js";
import { migrate } from "../../src/store/migrate.js";
import { machinePaths } from "../../src/store/paths.js";
import { fixture, fixtureIn, goldenRoot, putConfig, storeAt, temporaryDirectory } from "./support.js";

let root: string;
beforeEach(async () => {
  root = await temporaryDirectory();
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function parsed(name: string): Promise<JsonObject> {
  const json = parseJson(await fixture(name));
  if (!isObject(json)) throw new Error("the fixture is no object");
  return json;
}

describe.each([0, 1, 2])("a config.json of version %i", (version) => {
  const name = `old${String(version)}`;

  it("is read as version 3", async () => {
    await putConfig(root, name, await fixtureIn(root, `version-${String(version)}`));
    const { config } = await storeAt(root).read(name);
    expect(config).toMatchObject({
      ConfigVersion: 3,
      DriverName: "virtualbox",
      Name: name,
      Driver: { MachineName: name, StorePath: root, Serial: 12345678901234567890n },
      HostOptions: {
        EngineOptions: { TlsVerify: true, InstallURL: "https://get.docker.com" },
        SwarmOptions: { Host: "tcp://0.0.0.0:3376", IsExperimental: false },
        AuthOptions: {
          CertDir: `${root}/certs`,
          CaCertPath: `${root}/certs/ca.pem`,
          CaPrivateKeyPath: `${root}/certs/ca-key.pem`,
          ServerKeyPath: `${root}/machines/${name}/server-key.pem`,
          ClientKeyPath: `${root}/certs/key.pem`,
          ServerCertSANs: null,
          StorePath: `${root}/machines/${name}`,
        },
      },
    });
    expect(config).not.toHaveProperty("StorePath");
    expect(config.HostOptions.AuthOptions).not.toHaveProperty("PrivateKeyPath");
  });

  it("stays as it is on the disk until the first write, which keeps its bytes as config.json.bak", async () => {
    const text = await fixtureIn(root, `version-${String(version)}`);
    const path = await putConfig(root, name, text);
    const store = storeAt(root);
    await store.read(name);
    await store.list();
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await readdir(store.dir(name))).toEqual(["config.json"]);

    const { config } = await store.write(name, (now) => ({
      ...now,
      Driver: { ...now.Driver, IPAddress: "192.0.2.7" },
    }));
    expect(await readFile(machinePaths(root, name).configBackup, "utf8")).toBe(text);
    expect((await store.read(name)).config).toEqual(config);

    await store.write(name, (now) => now);
    expect(await readFile(machinePaths(root, name).configBackup, "utf8")).toBe(text);
  });
});

describe("migrating", () => {
  const place = { name: "old0", root: "/new" };

  it("keeps what a flat file says of a swarm, and members that nobody knows", async () => {
    expect(migrate(await parsed("version-0"), place)).toMatchObject({
      Note: "kept",
      HostOptions: { SwarmOptions: { Discovery: "token://abc", Master: true, Host: "tcp://0.0.0.0:3376" } },
    });
  });

  it("takes this store where an old file does not say in which one it was written, not the current directory", async () => {
    const { StorePath, ...rest } = await parsed("version-0");
    expect(StorePath).toBe(`${goldenRoot}/machines/old0`);
    expect(migrate(rest, place)).toMatchObject({
      Driver: { StorePath: "/new" },
      HostOptions: { AuthOptions: { CertDir: "/new/certs" } },
    });
  });

  it("finds the old store beside the certificates of a file of version 2 without StorePath", async () => {
    const json = { ...(await parsed("version-2")), StorePath: undefined };
    expect(migrate(json, place)).toMatchObject({ Driver: { StorePath: goldenRoot } });
  });

  it("refuses a version from the future in docker-machine's words", () => {
    expect(() => migrate({ ConfigVersion: 4 }, place)).toThrow(
      expect.objectContaining({
        code: "unsupported",
        message: "config version is from the future -- you should upgrade your Docker Machine client",
      }),
    );
  });

  it.each([-1, 1.5, "3", {}])("refuses %j as a version", (ConfigVersion) => {
    expect(() => migrate({ ConfigVersion }, place)).toThrow("ConfigVersion: must be a whole number");
  });
});
