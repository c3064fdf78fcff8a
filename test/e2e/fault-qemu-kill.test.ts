import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish, type Finished } from "../support/command.js";
import { chosenSeed, cutOff, randomFrom, shuffled, type Moment } from "../support/cut-off.js";
import { forTests, forVms, installPrerequisites } from "../support/prerequisites.js";
import { installProgram, type Program } from "../support/program.js";
import { vmImage } from "../support/vm/image.js";

/** What a create says when it comes to a point, how often it is killed after it, and within how many milliseconds. */
const points: readonly (readonly [point: string, times: number, most: number])[] = [
  ["start", 2, 500],
  ["claim", 2, 30],
  ["started get the image", 3, 2_000],
  ["started make the disk", 4, 200],
  ["started start the machine", 6, 1_000],
  ["started wait for ssh", 3, 3_000],
];

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
  }, 600_000);
  afterAll(() => program.remove());

  test("at 20 random moments, in all steps until ssh, leaves nothing that rm does not take away", async () => {
    const random = randomFrom(chosenSeed());
    const moments = shuffled(
      points.flatMap(([point, times, most]) =>
        Array.from({ length: times }, (): Moment => ({ point, signal: "SIGKILL", delay: random() * most })),
      ),
      random,
    );
    expect(moments).toHaveLength(20);
    const machines = join(program.store, "machines");
    await mkdir(machines, { recursive: true, mode: 0o700 });
    let alive = 0;
    for (const moment of moments) {
      const about = `killed ${moment.delay.toFixed(1)} ms after "${moment.point}"`;
      const argv = ["create", "-d", "qemu", "--qemu-image", image, "--qemu-memory", "512", "vm"];
      const { code, stderr } = await cutOff(program, argv, moment);
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
    expect(alive, "kills that a QEMU outlived").toBeGreaterThan(2);
  }, 600_000);

  function processes(): Promise<Finished> {
    return finish("pgrep", ["-af", `qemu.*${program.home}`]);
  }

  async function expectNothing(about: string): Promise<void> {
    expect(await processes(), about).toMatchObject({ code: 1, stdout: "" });
    const left = (await readdir(join(program.store, "machines"))).filter((name) => !name.startsWith("."));
    expect(left, about).toEqual([]);
  }
});
