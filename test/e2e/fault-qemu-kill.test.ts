import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish, type Finished } from "../support/command.js";
import { aimAt, cutOff } from "../support/cut-off.js";
import { forTests, forVms, installPrerequisites } from "../support/prerequisites.js";
import { installProgram, type Program } from "../support/program.js";
import { vmImage } from "../support/vm/image.js";

/** What a create says when it comes to a point, and within how many milliseconds it is killed after it. */
const points = {
  start: 500,
  claim: 30,
  "started get the image": 2_000,
  "started make the disk": 200,
  "started start the machine": 1_000,
  "started wait for ssh": 3_000,
};

let impossible: string | undefined;
await installPrerequisites([...forTests, ...forVms]).catch((error: unknown) => {
  if (process.env["CI"]) throw error;
  impossible = String(error);
  process.stderr.write(`TESTS ARE INCOMPLETE (killed creates of virtual machines): ${impossible}\n`);
});

describe.skipIf(impossible !== undefined)("a create of a virtual machine that is killed", () => {
  let program: Program;
  let image: string;
  beforeAll(async () => {
    [program, image] = [await installProgram(), await vmImage()];
  });
  afterAll(() => program.remove());

  test("at random moments, aimed at each step until ssh, leaves nothing that rm does not take away", async () => {
    const machines = join(program.store, "machines");
    await mkdir(machines, { recursive: true, mode: 0o700 });
    let alive = 0;
    for (const { point, delay, choice: signal } of aimAt(points, ["SIGKILL" as const], 4)) {
      const about = `killed ${delay.toFixed(1)} ms after "${point}"`;
      const argv = ["create", "-d", "qemu", "--qemu-image", image, "--qemu-memory", "512", "vm"];
      const { code, stderr } = await cutOff(program, argv, { point, delay, signal });
      expect(code, `${about}: ${stderr}`).toBeNull();
      if ((await processes()).code === 0) alive++;
      if ((await readdir(machines)).includes("vm")) {
        expect((await program.machine(["ls"])).stdout, about).toMatch(/^vm .*create was cut off/m);
        expect(await program.machine(["rm", "-y", "vm"]), about).toMatchObject({ code: 0 });
      }
      await expectNothing(about);
    }
    // What would have come up late.
    await sleep(1_000);
    await expectNothing("at the end");
    expect(alive, "kills that a QEMU outlived").toBeGreaterThan(0);
  });

  function processes(): Promise<Finished> {
    return finish("pgrep", ["-af", `qemu.*${program.home}`]);
  }

  async function expectNothing(about: string): Promise<void> {
    expect(await processes(), about).toMatchObject({ code: 1, stdout: "" });
    const left = (await readdir(join(program.store, "machines"))).filter((name) => !name.startsWith("."));
    expect(left, about).toEqual([]);
  }
});
