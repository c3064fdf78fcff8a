// Lets vagrant, which was not written here, take a VM of the stand-in's through its life: `npx tsx` this file, as root.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forVagrant, forVms, installPrerequisites } from "../../support/prerequisites.js";
import { vmImage } from "../../support/vm/image.js";
import { type LoggedCall, virtualBox } from "./index.js";
import { address, vagrantEnv, writeVagrantBox } from "./vagrant.js";

const steps: readonly (readonly string[])[] = [
  ["up", "--provider", "virtualbox"],
  ["ssh", "-c", `ip -br address | grep ${address}/24`],
  ["suspend"],
  ["resume"],
  ["ssh", "-c", "uptime"],
  ["halt"],
  ["status"],
  ["destroy", "--force"],
];

async function check(folder: string): Promise<void> {
  await writeVagrantBox(folder, { disk: await vmImage(), bootTimeout: 600 });
  const box = await virtualBox({ version: "7.0.20", guest: "qemu" });
  try {
    const env = vagrantEnv(box, folder);
    for (const args of [["box", "add", "--name", "tiny", join(folder, "tiny.box")], ...steps]) {
      await vagrant(folder, env, args);
    }
    tellRefusals(await box.calls());
  } catch (error) {
    process.stderr.write(await readFile(join(folder, "console.log"), "utf8").catch(() => ""));
    throw error;
  } finally {
    await box.stop();
  }
}

function vagrant(cwd: string, env: ReturnType<typeof vagrantEnv>, args: readonly string[]): Promise<void> {
  const begun = Date.now();
  process.stderr.write(`$ vagrant ${args.join(" ")}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn("vagrant", args, { cwd, env, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => {
      process.stderr.write(`${String(Math.round((Date.now() - begun) / 1000))} s\n`);
      if (code === 0) resolve();
      else reject(new Error(`vagrant ${args.join(" ")}: exit code ${String(code)}`));
    });
  });
}

/** What vagrant did not get, whether it cared or not. */
function tellRefusals(calls: readonly LoggedCall[]): void {
  process.stderr.write(`${String(calls.length)} calls of VBoxManage\n`);
  for (const { args, code, stderr } of calls) {
    if (code !== 0) process.stderr.write(`${String(code)} VBoxManage ${args.join(" ")}\n${stderr}`);
  }
}

async function main(): Promise<void> {
  await installPrerequisites([...forVms, ...forVagrant]);
  const folder = await mkdtemp(join(tmpdir(), "vagrant-"));
  try {
    await check(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
