import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { userData } from "../../../drivers/amazonec2/instance/user-data.js";
import { finish } from "../../support/command.js";
import { planned } from "./state.js";

const dir = await mkdtemp(join(tmpdir(), "machine-user-data-"));
afterAll(() => rm(dir, { recursive: true }));
const file = join(dir, "user-data");
const ssm = { ...planned, Connect: "ssm" as const, UserDataFile: file };

describe("user data", () => {
  test("is nothing where nobody has something to say", async () => {
    expect(await userData(planned)).toBeUndefined();
  });

  test("is the user's file as it is where only the user has something to say", async () => {
    const bytes = gzipSync("#!/bin/sh\n");
    await writeFile(file, bytes);
    expect(await userData({ ...planned, UserDataFile: file })).toBe(bytes.toString("base64"));
  });

  test("installs the agent of SSM for a machine that is reached through it", async () => {
    expect(decoded(await userData({ ...ssm, UserDataFile: "" }))).toMatch(/^#!\/bin\/sh\n[^]*amazon-ssm-agent/);
  });

  test.each([
    ["a script", "#!/bin/sh\necho hi\n", "text/x-shellscript; charset=utf-8", "7bit"],
    ["a cloud-config", "#cloud-config\npackages: [git]\n", "text/cloud-config; charset=utf-8", "7bit"],
    ["a list of addresses", "#include\nhttp://example.com/\n", "text/x-include-url", "7bit"],
    ["letters beyond ASCII", "#cloud-config\nhostname: é\n", "text/cloud-config; charset=utf-8", "base64"],
    ["what gzip made", gzipSync("#!/bin/sh\n"), "application/gzip", "base64"],
  ])("joins %s to it as a part with its type", async (_, content, type, encoding) => {
    await writeFile(file, content);
    const [ours, users] = partsOf(decoded(await userData(ssm)));
    expect(ours?.head).toContain("Content-Type: text/x-shellscript");
    expect(users?.head).toBe(`Content-Type: ${type}\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}`);
    const body = Buffer.from(users?.body ?? "", encoding === "base64" ? "base64" : "utf8");
    expect(body.equals(Buffer.from(content))).toBe(true);
  });

  test("has a MIME message of the user as a part, with its own head", async () => {
    const message = 'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b\n\n#!/bin/sh\n--b--\n';
    await writeFile(file, message);
    expect(decoded(await userData(ssm))).toContain(`\n${message}\n--`);
  });

  test("is the same for the same machine, since a repeated launch must be", async () => {
    await writeFile(file, "#!/bin/sh\n");
    expect(await userData(ssm)).toBe(await userData(ssm));
  });

  test("of more than 16 KB is refused with its size", async () => {
    await writeFile(file, "#!".padEnd(16_385, "#"));
    await expect(userData({ ...planned, UserDataFile: file })).rejects.toThrow("too long: 16385 of 16384 bytes");
  });

  test("of a file that is not there is refused in docker-machine's words", async () => {
    const missing = userData({ ...planned, UserDataFile: join(dir, "none") });
    await expect(missing).rejects.toThrow("unable to read --amazonec2-userdata file");
  });

  test("has a script that is clean for shellcheck", async () => {
    const script = join(import.meta.dirname, "../../../templates/amazonec2/ssm-agent.sh");
    expect(await finish("shellcheck", ["--shell", "sh", script])).toEqual({ stdout: "", stderr: "", code: 0 });
  });
});

function decoded(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}

/** The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1). */
function partsOf(message: string): { head: string; body: string }[] {
  const boundary = /boundary="(\w+)"/.exec(message)?.[1] ?? "";
  const [, ...parts] = message.split(new RegExp(`\\n--${boundary}(?:--)?\\n`)).slice(0, -1);
  return parts.map((part) => {
    const end = part.indexOf("\n\n");
    return { head: part.slice(0, end), body: part.slice(end + 2) };
  });
}
