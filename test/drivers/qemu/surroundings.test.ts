import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAccelerator } from "../../../drivers/qemu/accelerator.js";
import { findFirmware } from "../../../drivers/qemu/firmware.js";
import { networkOf, textOf } from "../../../src/vm/index.js";
import { freeNetwork, groupOf, interfacesOf, reserveAddress } from "../../../drivers/qemu/network.js";
import { mountsOf } from "../../../drivers/qemu/share.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { exampleState } from "./support.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-qemu-"));
  await writeFile(join(folder, "kvm"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the accelerator", () => {
  const io = (list: string) => fakeIo({ "qemu-system-": `Accelerators supported in QEMU binary:\n${list}` });

  test("is KVM where its device may be used", async () => {
    expect(await findAccelerator(io("tcg\nkvm\n"), "amd64", "linux", join(folder, "kvm"))).toEqual({
      accelerator: "kvm",
    });
  });

  test("is none where there is no device, no right to it, or no support in QEMU, and which is told", async () => {
    const why = async (list: string, device: string) => {
      const { accelerator, why: reason } = await findAccelerator(io(list), "amd64", "linux", device);
      return `${accelerator}: ${reason ?? ""}`;
    };
    expect(await why("tcg\nkvm\n", join(folder, "none"))).toMatch(/^tcg: there is no .*none: turn virtualization on/);
    expect(await why("tcg\nkvm\n", join(folder, "kvm", "below"))).toMatch(/^tcg: this user may not use .*group kvm/);
    expect(await why("tcg\n", join(folder, "kvm"))).toBe("tcg: this QEMU is built without kvm");
  });

  test.each([
    ["darwin", "hvf"],
    ["win32", "whpx"],
  ] as const)("of %s is %s", async (platform, accelerator) => {
    expect(await findAccelerator(io(`tcg\n${accelerator}\n`), "arm64", platform)).toEqual({ accelerator });
  });
});

test("firmware is taken where it is whole", async () => {
  const [half, whole] = ["half", "whole"].map((name) => ({
    code: join(folder, `${name}-code.fd`),
    variables: join(folder, `${name}-vars.fd`),
  }));
  if (half === undefined || whole === undefined) throw new Error("there are two");
  for (const file of [half.code, whole.code, whole.variables]) await writeFile(file, "");
  expect(await findFirmware([half, whole])).toBe(whole);
  expect(await findFirmware([half])).toBeUndefined();
});

describe("a network of the machines of a store", () => {
  test("is one that no interface and no route of this computer has a part of", () => {
    const free = (...used: readonly string[]): string =>
      textOf(freeNetwork(used.flatMap((one) => networkOf(one) ?? [])).base);
    expect(free()).toBe("10.213.0.0");
    expect(free("10.213.0.7/32", "10.213.1.200/24", "10.213.2.0/23", "192.168.1.1/16")).toBe("10.213.4.0");
    expect(() => free("10.0.0.0/8")).toThrow("no network between");
  });

  test("gives each machine an address, those of stopped ones included, and is another wire for each store", async () => {
    const machines = ["a", "b", "c"].map((name) => ({
      name,
      dir: join(folder, "machines", name),
      state: exampleState,
    }));
    for (const { dir } of machines) await mkdir(dir, { recursive: true });
    await writeFile(join(folder, "machines", "c", "addresses.json"), '["10.213.77.10/24"]');
    const addresses: string[] = [];
    for (const machine of machines.slice(0, 2)) addresses.push(await reserveAddress(machine, fakeIo()));
    expect(addresses).toEqual(["10.213.77.11/24", "10.213.77.12/24"]);
    expect(groupOf("/a")).not.toEqual(groupOf("/b"));
  });

  test("is told to the machine by the MAC address of its second interface", () => {
    expect(interfacesOf(exampleState)).toEqual([{ mac: "52:54:00:0a:1b:2c" }]);
    expect(interfacesOf({ ...exampleState, Network: "socket", NetworkAddress: "10.213.0.10/24" })).toEqual([
      { mac: "52:54:00:0a:1b:2c" },
      { mac: "52:54:01:0a:1b:2c", address: "10.213.0.10/24" },
    ]);
    expect(interfacesOf({ ...exampleState, Network: "tap:tap0" })[1]).toEqual({ mac: "52:54:01:0a:1b:2c" });
  });
});

test("shared folders are lines of fstab in the machine, without which it starts as well", () => {
  expect(mountsOf({ ShareFolders: ["/a:/mnt/a", "C:/b:/mnt/b"] })).toEqual([
    ["share0", "/mnt/a", "9p", expect.stringMatching(/version=9p2000\.L.*nofail/), "0", "0"],
    ["share1", "/mnt/b", "9p", expect.stringMatching(/nofail/), "0", "0"],
  ]);
});
