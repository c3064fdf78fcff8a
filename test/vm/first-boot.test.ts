import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeIo, type FakeIo, type Script } from "../../src/driver/fake-io.js";
import { MachineError, type Shell } from "../../src/driver/index.js";
import { finishFirstBoot } from "../../src/vm/index.js";
import { finish } from "../support/command.js";

const waiting = "sh -c 'PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin; command -v cloud-init";
const telling = "sh -c 'PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin; cloud-init status --long'";
const disabling = "sudo -n touch /etc/cloud/cloud-init.disabled";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "first-boot-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function finishBoot(script: Script, console = ""): Promise<FakeIo> {
  const io = fakeIo(script);
  const path = join(folder, "console.log");
  await writeFile(path, console);
  await finishFirstBoot("web-1", () => io.shell({ kind: "exec", argv: [] }), io, path);
  return io;
}

const notices = (io: FakeIo): string[] => io.lines.map(({ line }) => line);

describe("the first boot", () => {
  test("ends when cloud-init is done, which is then kept from running again", async () => {
    const io = await finishBoot({ [waiting]: "", [disabling]: "" });
    expect(io.calls).toEqual([expect.stringContaining("cloud-init status --wait"), disabling]);
    expect(io.lines).toEqual([]);
  });

  test("goes on with warnings of cloud-init, and says where they are", async () => {
    const io = await finishBoot({ [waiting]: { code: 2 }, [disabling]: "" });
    expect(notices(io)).toEqual([
      "cloud-init reported warnings; machine ssh web-1 cloud-init status --long shows more",
    ]);
    expect(io.calls).toContain(disabling);
  });

  test("has nothing to wait for without cloud-init's program, and says so", async () => {
    const io = await finishBoot({ [waiting]: { code: 90 } });
    expect(notices(io)).toEqual(["the machine has no cloud-init that could be asked; going on as it answers"]);
    expect(io.calls).toHaveLength(1);
  });

  test("goes on where cloud-init failed at what the machine does not need, and says at what", async () => {
    const long = "status: error\ndetail:\n('locale', ProcessExecutionError(\u001b]0;title\u0007))\n";
    const io = await finishBoot({ [waiting]: { code: 1 }, [telling]: { stdout: long, code: 1 }, [disabling]: "" });
    expect(notices(io)).toEqual([
      "cloud-init reported errors; ('locale', ProcessExecutionError()); " +
        "machine ssh web-1 cloud-init status --long shows more",
    ]);
    expect(io.calls).toContain(disabling);
  });

  test.each([new MachineError("unreachable", "connection lost"), 143, 255])(
    "is waited for over a restart of the machine: %o",
    async (cut) => {
      const io = fakeIo({ [disabling]: "" });
      const rest = await io.shell({ kind: "exec", argv: [] });
      const answers = [cut, 0];
      const connect = (): Promise<Shell> => {
        const answer = answers.shift() ?? 1;
        const exec: Shell["exec"] = async (command, options) => {
          if (!command.startsWith(waiting)) return rest.exec(command, options);
          if (typeof answer === "object") throw answer;
          return Promise.resolve({ stdout: "", stderr: "", code: answer });
        };
        return Promise.resolve({ exec });
      };
      await finishFirstBoot("web-1", connect, io, "");
      expect(answers).toEqual([]);
      expect(notices(io)).toEqual(["the machine is restarting; waiting for it"]);
      expect(io.calls).toEqual([disabling]);
    },
  );

  test("that does not end is told with the end of the console, also where the machine no longer answers", async () => {
    const late = finishBoot({ [waiting]: { code: 124 }, [telling]: new Error("gone") }, "still at it\n");
    await expect(late).rejects.toMatchObject({
      message: "web-1: cloud-init is not done after 30 minutes",
      output: "still at it",
    });
  });

  test("says why cloud-init could not be kept from running again", async () => {
    const refused = finishBoot({ [waiting]: "", [disabling]: { code: 1, stderr: "sudo: a password is required\n" } });
    await expect(refused).rejects.toMatchObject({
      message: "web-1: cloud-init could not be kept from running again",
      output: "sudo: a password is required",
    });
  });

  test.each([
    ["exit 0", 0],
    ["exit 1", 1],
    ["exit 2", 2],
    [undefined, 90],
  ])("asks in words that a shell understands: cloud-init's %s is %i", async (program, expected) => {
    const io = fakeIo({ sh: "", sudo: "" });
    await finishFirstBoot("web-1", () => io.shell({ kind: "exec", argv: [] }), io, "");
    const bin = await mkdtemp(join(folder, "bin-"));
    if (program !== undefined) await writeFile(join(bin, "cloud-init"), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    for (const shell of [["sh"], ["busybox", "sh"], ["zsh"], ["fish"]] as const) {
      const [file, ...args] = [...shell, "-c", io.calls[0] ?? ""] as const;
      const { code, stderr } = await finish(file, args, { env: { PATH: `${bin}:/usr/bin:/bin` } });
      expect([shell, code, stderr]).toEqual([shell, expected, ""]);
    }
  });
});
