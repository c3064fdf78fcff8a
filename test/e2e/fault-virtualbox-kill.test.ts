import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VirtualBoxState } from "../../drivers/virtualbox/state.js";
import { aimAt, cutOff } from "../support/cut-off.js";
import { finish } from "../support/command.js";
import { installProgram, type Program } from "../support/program.js";
import { virtualBox, type VirtualBox } from "../stand-ins/virtualbox/index.js";
import { bootable } from "../vm/support.js";

/** Where a create is cut off, and the most milliseconds after it. */
const points = {
  claim: 400,
  "started choose a network and an address": 900,
  "started make the virtual machine": 2_500,
  "started start the virtual machine": 1_000,
  "started wait for ssh": 500,
};

let program: Program;
let vb: VirtualBox;
beforeAll(async () => {
  program = await installProgram();
  vb = await virtualBox({ guest: "idle" });
  await writeFile(join(program.home, "image.raw"), bootable(2 ** 20));
});
afterAll(async () => {
  await vb.stop();
  await program.remove();
});

test("at random moments, aimed at each step, leaves no virtual machine, disk or process that rm does not take away", async () => {
  const machines = join(program.store, "machines");
  for (const { point, delay, choice: signal } of aimAt(points, ["SIGKILL" as const], 4)) {
    const { code, stderr } = await cutOff(program, create("web"), { point, delay, signal }, { env: vb.env });
    const about = `${delay.toFixed(1)} ms after "${point}"`;
    expect(stderr, about).not.toMatch(/This is a bug|^ {4}at |PRIVATE KEY/m);
    expect(code, `${about}: ${stderr}`).toBeNull();
    // What VBoxManage had begun comes to its end.
    await sleep(300);
    if ((await readdir(machines)).includes("web")) await succeeds(about, "rm", "-y", "web");
    for (const what of ["vms", "hdds", "dvds"]) expect(await asks("list", what), about).toBe("");
    expect(await readdir(machines), about).not.toContain("web");
    expect(await processesOf(vb.home), about).toEqual([]);
  }
});

test("two creates at once share one network, and have an address and a port each", async () => {
  const moment = { point: "started wait for ssh", delay: 0, signal: "SIGKILL" } as const;
  const names = ["one", "two"];
  const adapters = async (): Promise<number> => [...(await asks("list", "hostonlyifs")).matchAll(/^Name:/gm)].length;
  // One that was being made when a create was killed may be there still.
  const before = await adapters();
  await Promise.all(names.map((name) => cutOff(program, create(name), moment, { env: vb.env })));
  const states = await Promise.all(names.map(savedState));
  expect(new Set(states.map(({ IPAddress }) => IPAddress)).size).toBe(2);
  expect(new Set(states.map(({ SSHPort }) => SSHPort)).size).toBe(2);
  expect(new Set(states.map(({ HostOnlyNetwork }) => HostOnlyNetwork)).size).toBe(1);
  expect((await adapters()) - before).toBeLessThanOrEqual(1);
  await succeeds("at the end", "rm", "-y", ...names);
  expect(await asks("list", "vms")).not.toMatch(/^"(one|two)"/m);
});

async function savedState(name: string): Promise<VirtualBoxState> {
  const text = await readFile(join(program.store, "machines", name, "config.json"), "utf8");
  return (JSON.parse(text) as { Driver: VirtualBoxState }).Driver;
}

async function succeeds(about: string, ...argv: readonly string[]): Promise<void> {
  const ran = await program.machine(argv, { env: vb.env });
  expect(ran, `${about}\n${ran.stderr}`).toMatchObject({ code: 0 });
}

function create(name: string): string[] {
  const image = ["--virtualbox-image", join(program.home, "image.raw"), "--virtualbox-disk-size", "4"];
  return ["create", "-d", "virtualbox", "--virtualbox-no-vtx-check", "--virtualbox-no-share", ...image, name];
}

async function asks(...args: readonly string[]): Promise<string> {
  return (await finish(vb.path, args, { env: { ...process.env, ...vb.env } })).stdout;
}

/** Those that have the folder on their command lines. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(folder));
}
