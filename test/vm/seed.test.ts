import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair } from "../../src/driver/index.js";
import { userData } from "../../src/vm/seed/cloud-config.js";
import { seedImage, type Seed } from "../../src/vm/index.js";
import { networkConfig } from "../../src/vm/seed/network-config.js";
import { output } from "../support/command.js";

const seed: Seed = {
  name: "web-1",
  instanceId: "6f1c8c0e",
  user: "docker",
  authorizedKey: "ssh-ed25519 AAAA web-1\n",
  hostKey: makeKeyPair("web-1"),
  interfaces: [{ mac: "52:54:00:00:00:01" }],
};

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "seed-"));
  path = join(folder, "seed.iso");
  await writeFile(path, await seedImage(seed));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a seed", () => {
  test("is a volume cidata with the three files that NoCloud reads", async () => {
    expect(await output("blkid", ["--probe", "--output", "value", "--match-tag", "LABEL", path])).toBe("cidata");
    const read = (name: string): Promise<string> => output("isoinfo", ["-R", "-x", `/${name}`, "-i", path]);
    expect(await read("meta-data")).toBe('instance-id: "6f1c8c0e"\nlocal-hostname: "web-1"');
    expect(await read("user-data")).toBe((await userData(seed)).toString().trim());
    expect(await read("network-config")).toBe(networkConfig(seed.interfaces).trim());
    expect((await output("isoinfo", ["-R", "-f", "-i", path])).split("\n")).toHaveLength(3);
  });

  test("is the same for the same machine, and another one for another", async () => {
    const image = Buffer.from(await seedImage(seed));
    expect(image.equals(await seedImage({ ...seed }))).toBe(true);
    expect(image.equals(await seedImage({ ...seed, instanceId: "6f1c8c0f" }))).toBe(false);
  });
});
