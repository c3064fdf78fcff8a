import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hostKeyFromConsole } from "../../../drivers/amazonec2/instance/host-key.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { interrupted } from "../../../src/driver/index.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";

const dir = mkdtempSync(join(tmpdir(), "machine-console-"));
afterAll(() => {
  rmSync(dir, { recursive: true });
});
const [ed25519, rsa, other] = [keyOf("ed25519", "one"), keyOf("rsa", "two"), keyOf("ed25519", "three")];
const log = (line: string): string => `[   21.3] cloud-init[901]: ${line}\r\n`;
const block = (title: string, lines: string[]): string =>
  [`-----BEGIN SSH HOST KEY ${title}-----`, ...lines, `-----END SSH HOST KEY ${title}-----`].map(log).join("");
const end = log("Cloud-init v. 24.1 finished at Tue, 24 Nov 2026 10:00:00 +0000. Datasource DataSourceEc2");

describe("the host key on the console", () => {
  test("is the fingerprint that ssh-keygen shows of its ed25519 key", async () => {
    expect(await read(block("KEYS", [rsa.line, ed25519.line]))).toEqual({ fingerprint: ed25519.print });
  });

  test("is taken from the fingerprints where keys are not printed", async () => {
    expect(await read(block("FINGERPRINTS", [rsa.listed, ed25519.listed]))).toEqual({ fingerprint: ed25519.print });
  });

  test("is that of the last boot which printed one", async () => {
    const text = block("KEYS", [ed25519.line]) + block("KEYS", [other.line]);
    expect(await read(text)).toEqual({ fingerprint: other.print });
  });

  test("is another one where the host has no ed25519 key", async () => {
    expect(await read(block("KEYS", [rsa.line]))).toEqual({ fingerprint: rsa.print });
  });

  test("does not count while it is cut off", async () => {
    const whole = block("KEYS", [ed25519.line]);
    const { ec2, found } = await asked([output(whole.slice(0, whole.indexOf(ed25519.line) + 40)), output(whole)]);
    expect(found).toEqual({ fingerprint: ed25519.print });
    expect(ec2.asked).toHaveLength(2);
  });

  test("is waited for no longer than cloud-init runs", async () => {
    const { ec2, found } = await asked([{}, output("booting"), output(end)]);
    expect(found).toEqual({ reason: "its console does not show it" });
    expect(ec2.asked).toHaveLength(3);
  });

  test("is waited for no longer than forty seconds in which the console says nothing new", async () => {
    const { ec2, found } = await asked([{}, {}, output("booting")]);
    expect(found).toEqual({ reason: "its console does not show it yet" });
    expect(ec2.asked).toHaveLength(2 + 1 + 8);
  });

  test("is waited for three minutes at most", async () => {
    const { ec2, found } = await asked(Array.from({ length: 99 }, (_, line) => output(`line ${String(line)}`)));
    expect(found).toEqual({ reason: "its console does not show it yet" });
    expect(ec2.asked).toHaveLength(37);
  });

  test("is read as it was some minutes ago of types that cannot tell the latest", async () => {
    const { ec2, found } = await asked(["UnsupportedOperation", output(block("KEYS", [ed25519.line]))]);
    expect(found).toEqual({ fingerprint: ed25519.print });
    expect(ec2.asked.map(({ input }) => input)).toEqual([{ InstanceId: "i-1", Latest: true }, { InstanceId: "i-1" }]);
  });

  test("is no reason to fail where the console may not be read, but to tell", async () => {
    const { found } = await asked(["UnauthorizedOperation"]);
    expect(found).toEqual({ reason: expect.stringContaining("ec2:GetConsoleOutput") as string });
  });

  test("is not waited for any more when interrupted", async () => {
    const ec2 = { call: () => Promise.reject(interrupted()) };
    await expect(hostKeyFromConsole(ec2, "i-1", fakeIo())).rejects.toThrow("interrupted");
  });
});

function output(text: string): { Output: string } {
  return { Output: Buffer.from(text).toString("base64") };
}

async function read(text: string): Promise<object> {
  return (await asked([output(text)])).found;
}

async function asked(script: NonNullable<Answers["GetConsoleOutput"]>): Promise<{ ec2: ScriptedEc2; found: object }> {
  const ec2 = scriptedEc2({ GetConsoleOutput: script });
  return { ec2, found: await hostKeyFromConsole(ec2, "i-1", fakeIo()) };
}

interface HostKey {
  readonly line: string;
  /** As `ssh-keygen -l` prints it. */
  readonly listed: string;
  readonly print: string;
}

function keyOf(type: string, name: string): HostKey {
  const path = join(dir, name);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "root@ip-10-0-0-5", "-f", path]);
  const listed = execFileSync("ssh-keygen", ["-l", "-f", path], { encoding: "utf8" }).trim();
  return { line: readFileSync(`${path}.pub`, "utf8").trim(), listed, print: listed.split(" ")[1] ?? "" };
}
