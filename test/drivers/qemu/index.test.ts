import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { arch, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import qemu from "../../../drivers/qemu/index.js";
import { options } from "../../../drivers/qemu/options.js";
import { plan } from "../../../drivers/qemu/plan.js";
import { driverChecks, fakeIo, type Script } from "../../../src/driver/conformance.js";
import { isMachineError, MachineError, resolve } from "../../../src/driver/index.js";
import { chooseImage, defaultImage, hostArchitecture } from "../../../src/vm/index.js";
import { exampleState } from "./support.js";

const program = arch() === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";
const installed: Script = {
  "qemu-img --version": "qemu-img version 7.2.22 (Debian)\nCopyright\n",
  [`${program} --version`]: "QEMU emulator version 7.2.22 (Debian)\nCopyright\n",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-qemu-"));
  await writeFile(join(folder, "user-data"), "#cloud-config\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the qemu driver", () => {
  const given = {
    options: { cpuCount: 3, memory: 1024, diskSize: 30_000, network: "socket", enginePort: 22_376 },
    refused: [
      { options: { image: "no-such-image" }, error: /no image "no-such-image"/ },
      { options: { imageDigest: "sha256:zz" }, error: /no digest/ },
      { options: { network: "bridge" }, error: /--qemu-network must be/ },
      { options: { network: "vmnet" }, error: /no network "vmnet" on this system/ },
      { options: { sshUser: "root" }, error: /--qemu-ssh-user must be/ },
      { options: { sshUser: "a b" }, error: /--qemu-ssh-user must be/ },
      { options: { userdata: "/no/such/file" }, error: /unable to read --qemu-userdata file: \/no\/such\/file/ },
      { options: { shareFolder: ["/no/such/folder:/mnt"] }, error: /there is no folder \/no\/such\/folder/ },
      { options: { shareFolder: ["/tmp"] }, error: /HOSTDIR:GUESTDIR, not "\/tmp"/ },
    ],
    gone: installed,
  };
  for (const { name, run } of driverChecks(qemu, given)) test(name, run);

  test("has the catalogue's default image as its own", () => {
    expect(options.image.default).toBe(defaultImage);
  });

  test("keeps what a machine is made of, with paths that are good anywhere", async () => {
    const here = relative(process.cwd(), folder);
    const { state } = await planned({ userdata: join(here, "user-data"), shareFolder: [`${here}:/mnt/a`] });
    expect(state).toMatchObject({
      ImageURL: chooseImage("debian-13", "", hostArchitecture(), {}).url,
      ImageDigest: chooseImage("debian-13", "", hostArchitecture(), {}).digest,
      ...{ IPAddress: "127.0.0.1", SSHUser: "docker", CPU: 2, Memory: 2048, DiskSize: 20_000, Network: "user" },
      ...{ UserDataFile: join(folder, "user-data"), ShareFolders: [`${folder}:/mnt/a`] },
    });
  });

  test("says all that is wrong with the options at once", async () => {
    await expect(planned({ network: "x", sshUser: "root" })).rejects.toThrow(/--qemu-network.*\n.*--qemu-ssh-user/);
  });

  test("cannot share folders on Windows, nor have a network but QEMU's own", async () => {
    const error = planned({ network: "socket", shareFolder: [`${folder}:/mnt`] }, installed, "win32");
    await expect(error).rejects.toThrow(/cannot share folders\n.*no network "socket" on this system/);
  });

  test("says what to install where QEMU is missing, or too old", async () => {
    const says = async (script: Script): Promise<string> => {
      const error: unknown = await planned({}, script).catch((thrown: unknown) => thrown);
      if (!isMachineError(error)) throw new Error("it was planned");
      return `${error.code}: ${error.message}; ${error.hint ?? ""}`;
    };
    const missing = new MachineError("failed", "qemu-img is not installed");
    expect(await says({ ...installed, "qemu-img --version": missing })).toMatch(
      /^precheck: the qemu driver needs qemu-img: .*not installed; .*apt-get install qemu-.* dnf install .* brew install/,
    );
    expect(await says({ ...installed, [`${program} --version`]: "QEMU emulator version 5.2.0\n" })).toMatch(
      /^precheck: the qemu driver needs QEMU 6 or later, not 5\.2\.0; .*apt-get install/,
    );
  });

  test("is reached by other machines of its store on a network socket, and by none on another", () => {
    expect(qemu.access(exampleState).peer).toBeUndefined();
    const state = { ...exampleState, Network: "socket", NetworkAddress: "10.213.0.10/24" };
    expect(qemu.access(state).peer).toEqual({ address: "10.213.0.10", port: 2376 });
  });

  test.each([
    ["MachineId", "x"],
    ["Architecture", "mips"],
    ["Network", "tap:"],
    ["ShareFolders", "/a:/b"],
    ["ShareFolders", ["/a"]],
    ["SSHPort", 70_000],
    ["NetworkAddress", 7],
  ])("complains of a config.json whose %s is %j", (member, value) => {
    expect(() => qemu.access({ ...exampleState, [member]: value })).toThrow(
      `Driver.${member} in its config.json must be`,
    );
  });
});

async function planned(
  given: Readonly<Record<string, unknown>>,
  script = installed,
  platform: NodeJS.Platform = "linux",
) {
  const values = resolve(options, [given], "qemu");
  const storeId = () => Promise.resolve("owner");
  const machine = { name: "vm", dir: "/store/machines/vm", common: exampleState, storeId };
  return { state: await plan(values, machine, fakeIo(script), platform) };
}
