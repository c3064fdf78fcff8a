import { chmod, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { programShell, runProgram } from "../../src/shell/exec.js";
import { failure, temporary } from "./sshd.js";

const env = { PATH: process.env["PATH"], WORD: "from the environment" };
const around = { env, signal: new AbortController().signal };
const shell = programShell(["env", "EXTRA=more"], around);

test("runs the command by sh as the program's last arguments", async () => {
  const result = await shell.exec('printf "%s|%s\n" "$EXTRA" "$WORD"; cat >&2; exit 3', { input: "in" });
  expect(result).toEqual({ stdout: "more|from the environment\n", stderr: "in", code: 3 });
});

test("gives whole lines as they come", async () => {
  const lines: string[] = [];
  await shell.exec("echo one; printf tw; sleep 0.1; echo o; printf rest", { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(["one", "two", "rest"]);
});

test("gives a line that draws its progress as a terminal shows it in the end", async () => {
  const lines: string[] = [];
  await shell.exec("printf '5%%\\r100%%\\rdone\\r\\n9%%\\rrest'", { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(["done", "rest"]);
});

test.each([
  ["without a line end", "yes | tr -d '\\n'"],
  ["in lines", "yes machine-notice: again"],
])("ends a command that prints %s without end", async (_, command) => {
  const error = await failure(shell.exec(command));
  expect(error).toMatchObject({ code: "failed", message: "env: a command printed more than 32 MiB, so it was ended" });
});

test("keeps the beginning of a line that is longer than any that we ask for", async () => {
  const lines: string[] = [];
  await shell.exec("yes | tr -d '\\n' | head -c 3000000; echo; echo end", { onLine: (line) => lines.push(line) });
  expect(lines.map(({ length }) => length)).toEqual([1024 ** 2, 3]);
});

test("does not wait for a command that leaves its input", async () => {
  expect((await shell.exec("exit 1", { input: "x".repeat(5_000_000) })).code).toBe(1);
});

test("tells a signal as 128 and its number", async () => {
  expect((await shell.exec("kill -TERM $$")).code).toBe(143);
});

test("gives a command up when its time is over, also when a child of it holds the output", async () => {
  const error = await failure(shell.exec("sleep 5 & wait", { timeout: 500 }));
  expect(error).toMatchObject({ code: "unreachable", message: "env did not end within 0.5 s" });
});

test("ends the program when it is interrupted", async () => {
  const abort = new AbortController();
  const pid: string[] = [];
  const running = failure(
    programShell(["env"], { env, signal: abort.signal }).exec("echo $$; exec sleep 30", {
      onLine: (line) => {
        pid.push(line);
        abort.abort();
      },
    }),
  );
  expect((await running).code).toBe("interrupted");
  const alive = await shell.exec(`for i in $(seq 50); do kill -0 ${pid[0] ?? ""} || exit 0; sleep 0.1; done; exit 1`);
  expect(alive.code).toBe(0);
  expect((await failure(runProgram("true", [], { env, signal: abort.signal }))).code).toBe("interrupted");
});

test("says that the program is not installed", async () => {
  const error = await failure(programShell(["no-such-program"], around).exec("true"));
  expect(error).toMatchObject({ code: "failed", message: "no-such-program is not installed" });
  expect(error.hint).toContain("PATH");
});

test("says that the program or the directory cannot be used", async () => {
  const dir = await temporary();
  await writeFile(join(dir, "file"), "");
  await chmod(join(dir, "file"), 0o644);
  expect((await failure(runProgram(join(dir, "file"), [], around))).message).toContain("could not be started");
  const error = await failure(runProgram("true", [], { ...around, cwd: join(dir, "none") }));
  expect(error.message).toBe(`true could not be started: there is no directory ${join(dir, "none")}`);
});

test("runs a program without a shell, where and with what it is told", async () => {
  const dir = await realpath(await temporary());
  expect((await runProgram("pwd", [], { ...around, cwd: dir })).stdout).toBe(`${dir}\n`);
  expect((await runProgram("cat", ["-"], { ...around, input: new Uint8Array([104, 105]) })).stdout).toBe("hi");
  expect((await runProgram("printf", ["%s", "$HOME; rm *"], around)).stdout).toBe("$HOME; rm *");
});

test("rejects with a line that can be pasted and the last 20 lines when the status is not 0", async () => {
  const error = await failure(runProgram("sh", ["-c", 'seq 1 30; echo "it\'s" >&2; exit 4'], around));
  expect(error.code).toBe("failed");
  expect(error.message).toContain("exited with status 4");
  expect(error.message).toMatch(/^sh -c '/);
  const pasted = error.message.replace(/ exited with status 4$/, "");
  expect((await shell.exec(pasted)).stderr).toBe("it's\n");
  expect(error.output?.split("\n")).toHaveLength(20);
  expect(error.output).toContain("it's");
});
