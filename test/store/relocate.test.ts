import { isObject } from "../../src/driver/index.js";
import { cp, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkConfig, type MachineConfig } from "../../src/store/config.js";
import { parseJson } from "../../src/store/json.js";
import { relocate } from "../../src/store/relocate.js";
import { fixture, fixtureIn, goldenRoot, putConfig, storeAt, temporaryDirectory } from "./support.js";

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** The generic golden config as it was written in the store `old`. */
async function writtenIn(old: string, driver: Readonly<Record<string, unknown>> = {}): Promise<MachineConfig> {
  const json = parseJson((await fixture("config-generic")).replaceAll(goldenRoot, old));
  if (!isObject(json) || !isObject(json["Driver"])) throw new Error("the fixture is no object");
  return checkConfig({ ...json, Driver: { ...json["Driver"], ...driver } });
}

/** What is expected in the store `root`. */
function pathsIn(root: string): object {
  return {
    Driver: { StorePath: root, SSHKeyPath: join(root, "machines", "h2", "key") },
    HostOptions: {
      AuthOptions: {
        CertDir: join(root, "certs"),
        CaPrivateKeyPath: join(root, "certs", "ca-key.pem"),
        ServerCertPath: join(root, "machines", "h2", "server.pem"),
        StorePath: join(root, "machines", "h2"),
      },
    },
  };
}

describe("a store in another place", () => {
  const place = { name: "h2", root: "/new/store" };

  it.each([
    ["was moved", goldenRoot],
    ["was made with a relative path", "machines.d/store"],
    ["was made in the current directory", "."],
    ["was made on Windows", "C:\\Users\\me\\.docker\\machine"],
  ])("finds its files beside itself when it %s", async (_, old) => {
    const text = old.replaceAll("\\", "\\\\");
    expect(relocate(await writtenIn(text), place)).toMatchObject(pathsIn("/new/store"));
  });

  it("leaves alone what lay outside of it", async () => {
    const driver = { Zone: "us/east", SSHUser: "store", Twin: `${goldenRoot}-2/disk`, Up: `${goldenRoot}/../disk` };
    const { Driver } = relocate(await writtenIn(goldenRoot, driver), place);
    expect(Driver).toMatchObject({ ...driver, SSHKey: "/home/me/.ssh/id_ed25519" });
  });

  it("does not take a word for a path because the old store was called so", async () => {
    const driver = { SSHUser: "store", MachineName: "store", Zone: "store/a" };
    expect(relocate(await writtenIn("store", driver), place).Driver).toMatchObject(driver);
  });

  it("finds paths in whatever a driver keeps", async () => {
    const driver = { Disks: [{ File: `${goldenRoot}/cache/a.iso` }, 7, null] };
    const { Driver } = relocate(await writtenIn(goldenRoot, driver), place);
    expect(Driver).toMatchObject({ Disks: [{ File: "/new/store/cache/a.iso" }, 7, null] });
  });

  it("mends the relative paths that docker-machine's own migration left", async () => {
    const config = await writtenIn(".");
    const left = { ...config, Driver: { ...config.Driver, StorePath: "/new/store", SSHKeyPath: "" } };
    expect(relocate(left, place).HostOptions).toMatchObject({
      AuthOptions: { CertDir: "/new/store/certs", StorePath: "/new/store/machines/h2" },
    });
  });

  it("is the same store after a copy, a move or through a link, and no file changes by reading", async () => {
    const old = join(directory, "old");
    await putConfig(old, "h2", await fixtureIn(old, "config-generic"));
    await cp(old, join(directory, "copied"), { recursive: true });
    await symlink(join(directory, "copied"), join(directory, "linked"));
    await rename(old, join(directory, "moved"));
    for (const root of ["copied", "linked", "moved"].map((name) => join(directory, name))) {
      expect((await storeAt(root).read("h2")).config).toMatchObject(pathsIn(root));
    }
    const { config } = await storeAt(join(directory, "moved")).write("h2", (now) => now);
    expect(config).toMatchObject(pathsIn(join(directory, "moved")));
  });
});
