import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Shell } from "../../src/driver/index.js";
import { asUser, becomeRoot, quote, runScript, template } from "../../src/shell/script.js";
import { localShell } from "../provision/local-shell.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "script-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program of that name in front of the real ones. */
async function stub(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(folder, name), 0o755);
}

const stubbed = (): ReturnType<typeof localShell> =>
  localShell({ env: { PATH: `${folder}:${process.env["PATH"] ?? ""}`, FOLDER: folder } });

/** Any text but NUL, with what shells treat specially more often than chance would have it. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '"', "$(id)", "`id`", "$HOME", "\\", "\n", "\r", "\t", " ", "!", "*", "~", "é", "💥", "-n"),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));

describe("quote", () => {
  test.each(["dash", "bash", "busybox"])("gives %s a word that arrives byte for byte", (shell) => {
    const program = shell === "busybox" ? ["busybox", "sh"] : [shell];
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 5 }), (words) => {
        const script = `printf '%s\\0' ${words.map(quote).join(" ")}`;
        const [file = "", ...args] = program;
        const printed = execFileSync(file, [...args, "-s"], { input: script });
        expect(printed).toEqual(Buffer.from(words.map((word) => `${word}\0`).join("")));
      }),
      { numRuns: 60 },
    );
  });

  test("refuses a NUL character, which no shell can pass on", () => {
    expect(() => quote("a\0b")).toThrow("NUL");
  });
});

describe("runScript", () => {
  test("passes parameters and input byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (value, input) => {
        const text = `printf '%s\\0' "$VALUE"; cat <&3`;
        const { stdout } = await runScript(localShell(), { name: "x", text, params: { VALUE: value }, input }, asUser);
        expect(stdout).toBe(`${value}\0${input}`);
      }),
      { numRuns: 40 },
    );
  });

  test("puts neither the script nor a parameter on the command line", async () => {
    const shell = localShell();
    const text = "cat /proc/$$/cmdline; tr '\\0' ' ' </proc/$PPID/cmdline";
    const { stdout } = await runScript(shell, { name: "x", text, params: { SECRET: "hunter2" }, input: "key" }, asUser);
    expect(shell.calls[0]?.command).toMatch(/^sh -c 'eval "\$\([\w =>|/]+\)"'$/);
    expect(stdout).toContain("dd iflag=fullblock");
    expect(stdout).not.toMatch(/hunter2|SECRET|cmdline/);
  });

  describe.each([
    ["GNU's dd", 'exec /usr/bin/dd "$@"'],
    ["busybox's dd", 'exec busybox dd "$@"'],
    ["a dd that knows no flags", 'case "$*" in *iflag*) echo "unknown operand" >&2; exit 1 ;; esac; exec dd "$@"'],
  ])("by %s", (_, dd) => {
    beforeEach(() => stub("dd", `PATH=\${PATH#*:}; ${dd}`));

    /** Every byte arrives by itself, so that no read finds a whole block. */
    const slow: Shell = {
      exec: (command, options) => {
        const input = Buffer.from(options?.input ?? "");
        const trickle = `i=0; while [ $i -lt ${String(input.length)} ]; do dd bs=1 count=1 2>/dev/null; i=$((i+1)); done`;
        return stubbed().exec(`(${trickle}) | ${command}`, options);
      },
    };

    test.each([
      ["at once", stubbed],
      ["byte by byte", () => slow],
    ])("reads the script and what it takes of its input, and nothing more, where they come %s", async (_, shell) => {
      const text = `${await template("lib.sh")}\ntake 3 <&3; echo; take 5 <&3; echo; cat <&3`;
      const { stdout } = await runScript(shell(), { name: "x", text, input: "onethreerest\n" }, asUser);
      expect(stdout).toBe("one\nthree\nrest\n");
    });
  });

  test("gives children an empty stdin, so that none eats the input", async () => {
    const text = 'cat >/dev/null; read -r line <&3; echo "got $line"';
    const { stdout } = await runScript(localShell(), { name: "x", text, input: "mine\n" }, asUser);
    expect(stdout).toBe("got mine\n");
  });

  test("does nothing at all when the script arrives cut off", async () => {
    const cut: Shell = {
      exec: (command, options) =>
        localShell().exec(command, { ...options, input: Buffer.from(options?.input ?? "").subarray(0, -20) }),
    };
    const text = `touch ${quote(join(folder, "made"))}\n# ${"x".repeat(200)}\ntrue\n`;
    await expect(runScript(cut, { name: "web-1: could not work", text }, asUser)).rejects.toThrow(
      "does not run commands",
    );
    await expect(stubbed().exec("test -e $FOLDER/made")).resolves.toMatchObject({ code: 1 });
  });

  test("runs a script of 100 kB", async () => {
    const text = `${"# a comment that makes the script long\n".repeat(2_600)}echo done`;
    await expect(runScript(localShell(), { name: "x", text }, asUser)).resolves.toMatchObject({ stdout: "done\n" });
  });

  test("works under a login shell that is no POSIX shell", async () => {
    await stub("fish", '# only what fish and csh have in common with sh: single quotes\nshift\nexec sh -c "$1"');
    const shell = localShell({ loginShell: join(folder, "fish") });
    await expect(runScript(shell, { name: "x", text: "echo $((1+1))" }, asUser)).resolves.toMatchObject({
      stdout: "2\n",
    });
  });

  test("says what failed, with the last 20 lines and neither parameter nor input", async () => {
    const text = 'for i in $(seq 1 30); do echo "line $i"; done; exit 7';
    const script = { name: "web-1: could not install", text, params: { SECRET: "hunter2" }, input: "key" };
    const error: unknown = await runScript(localShell(), script, asUser).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "failed", message: "web-1: could not install: exit status 7" });
    expect((error as { output: string }).output.split("\n")).toEqual(
      Array.from({ length: 20 }, (_, i) => `line ${String(i + 11)}`),
    );
    expect(JSON.stringify(error)).not.toMatch(/hunter2|key"/);
  });

  test("knows a full disk, whatever the script makes of it", async () => {
    const text = `${await template("lib.sh")}\ndd if=/dev/zero of=/dev/full count=1 || fail "it cannot be written" "look"`;
    await expect(runScript(localShell(), { name: "x", text }, asUser)).rejects.toMatchObject({
      message: "x: it cannot be written",
      hint: "the host's disk is full: `df -h` on the host shows where to make room",
    });
  });

  test("takes message and hint from a script that explains itself", async () => {
    const text = `${await template("lib.sh")}\nx=$(fail "there is no curl" "install curl")\necho not reached`;
    await expect(runScript(localShell(), { name: "web-1: could not install", text }, asUser)).rejects.toMatchObject({
      message: "web-1: could not install: there is no curl",
      hint: "install curl",
      output: undefined,
    });
  });
});

describe("becomeRoot", () => {
  const never = (): Promise<never> => Promise.reject(new Error("asked for a password"));
  const gives = (password: string | undefined) => () => Promise.resolve(password);
  /** A sudo that knows one password, and says `refusal` to `sudo -n`. */
  const sudo = (refusal: string, password = "right"): Promise<void> =>
    stub(
      "sudo",
      `[ "$1" != -n ] || { echo ${quote(refusal)} >&2; exit 1; }
       read -r given
       [ "$given" = ${quote(password)} ] || { echo 'sudo: 1 incorrect password attempt' >&2; exit 1; }
       while [ "$1" != -- ]; do shift; done; shift; exec "$@"`,
    );
  const plain = (): Promise<void> => stub("id", "case $1 in -u) echo 1000;; -un) echo ann;; esac");

  /** The folder alone is enough for a PATH. */
  const withoutSudo = (): void => {
    for (const name of ["sh", "cat", "dd"])
      execFileSync("sh", ["-c", `ln -s "$(command -v ${name})" ${quote(join(folder, name))}`]);
  };

  test("needs nothing as root", async () => {
    await stub("id", "case $1 in -u) echo 0;; -un) echo root;; esac");
    await expect(becomeRoot(stubbed(), never)).resolves.toEqual({ prefix: "" });
  });

  test("takes sudo without a password before it asks for one", async () => {
    await plain();
    await stub("sudo", '[ "$1" = -n ] || exit 1; shift 2; exec "$@"');
    await expect(becomeRoot(stubbed(), never)).resolves.toEqual({ prefix: "sudo -n -- " });
  });

  test("is not put off by a login shell that greets", async () => {
    await stub("greeter", 'echo Welcome; echo; shift; exec sh -c "$1"');
    await stub("id", "case $1 in -u) echo 0;; -un) echo root;; esac");
    const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const shell = localShell({ env, loginShell: join(folder, "greeter") });
    await expect(becomeRoot(shell, never)).resolves.toEqual({ prefix: "" });
  });

  test("is not put off by a login shell that prints without an end of line", async () => {
    await stub("titled", 'printf "\\033]0;web\\007"; printf "$ " >&2; shift; exec sh -c "$1"');
    await stub("id", "case $1 in -u) echo 0;; -un) echo root;; esac");
    const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const shell = localShell({ env, loginShell: join(folder, "titled") });
    await expect(becomeRoot(shell, never)).resolves.toEqual({ prefix: "" });
  });

  test("says so where the host does not run what ssh sends, with what it prints instead", async () => {
    await stub("forced", "echo This account is for backups.");
    const shell = localShell({ loginShell: join(folder, "forced") });
    await expect(becomeRoot(shell, never)).rejects.toMatchObject({
      message: "could not find out how to become root: the host does not run commands sent over ssh",
      output: "This account is for backups.",
    });
  });

  test("sends no line break, at which csh ends a word", async () => {
    await stub("id", "case $1 in -u) echo 0;; -un) echo root;; esac");
    const commands: string[] = [];
    const shell: Shell = {
      exec: (command, options) => {
        commands.push(command);
        return stubbed().exec(command, options);
      },
    };
    await becomeRoot(shell, never);
    expect(commands.join()).not.toContain("\n");
    expect(commands).toHaveLength(1);
  });

  test("takes doas where there is no sudo", async () => {
    await plain();
    await stub("doas", '[ "$1" = -n ] || exit 1; shift 2; exec "$@"');
    withoutSudo();
    await expect(becomeRoot(localShell({ env: { PATH: folder } }), never)).resolves.toEqual({ prefix: "doas -n -- " });
  });

  test("feeds a password to sudo on stdin, before the script", async () => {
    await plain();
    await sudo("sudo: a password is required", `pass 'word" $x`);
    const shell = stubbed();
    const privilege = await becomeRoot(shell, gives(`pass 'word" $x`));
    const { stdout } = await runScript(
      shell,
      { name: "x", text: 'echo "$V"; cat <&3', params: { V: "v" }, input: "in" },
      privilege,
    );
    expect(stdout).toBe("v\nin");
    expect(shell.calls.map(({ command }) => command).join()).not.toContain("pass 'word");
  });

  test("finds a wrong password by an empty command, so that sudo never reads a script", async () => {
    await plain();
    await sudo("sudo: a password is required");
    const shell = stubbed();
    await expect(becomeRoot(shell, gives("wrong"))).rejects.toMatchObject({
      message: "sudo does not accept the password of ann",
      hint: "--sudo-password-file FILE gives another one",
    });
    expect(shell.calls.at(-1)?.input).toBe("wrong\n");
  });

  test("says how to give a password when there is none", async () => {
    await plain();
    await sudo("sudo: a password is required");
    await expect(becomeRoot(stubbed(), gives(undefined))).rejects.toMatchObject({
      hint: expect.stringContaining("--sudo-password-file FILE") as string,
    });
  });

  test.each([
    ["sudo: sorry, you must have a tty to run sudo", "sudo wants a terminal"],
    ["ann is not in the sudoers file.", "ann may not use sudo"],
    ["sudo: /etc/sudo.conf is owned by uid 1000, should be 0", "ann cannot use sudo"],
  ])("understands that %s", async (said, message) => {
    await plain();
    await sudo(said);
    await expect(becomeRoot(stubbed(), never)).rejects.toMatchObject({ message, output: said });
  });

  test("says so where there is no sudo", async () => {
    await plain();
    withoutSudo();
    await expect(becomeRoot(localShell({ env: { PATH: folder } }), never)).rejects.toMatchObject({
      message: "ann is not root, and the host has no sudo",
    });
  });
});
