import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, templatesFolder } from "../../src/driver/index.js";
import type { Ec2State } from "./state.js";

/** Bytes before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
const limit = 16_384;

/**
 * The launch's user data in base64: what the machine needs, and what the user's file says; undefined where that is nothing.
 * The same for the same state and file. No secret is in it: whoever is on the instance can read it.
 * @throws MachineError `precheck` for a file that cannot be read, or where both together are too long
 */
export async function userData(state: Readonly<Ec2State>): Promise<string | undefined> {
  const ours = await ourScript(state);
  const users = state.UserDataFile === "" ? undefined : await userFile(state.UserDataFile);
  const both = ours === undefined ? users : users === undefined ? ours : multipart([ours, users]);
  if (both === undefined || both.length === 0) return undefined;
  if (both.length > limit) {
    const size = `${String(both.length)} of ${String(limit)} bytes`;
    throw new MachineError("precheck", `${state.MachineName}: the user data is too long: ${size}`, {
      hint: "shorten the file of --amazonec2-userdata, or compress it with gzip",
    });
  }
  return both.toString("base64");
}

/** A machine that is reached through SSM needs its agent, which not every image has. */
async function ourScript({ Connect }: Ec2State): Promise<Buffer | undefined> {
  if (Connect !== "ssm") return undefined;
  return readFile(join(await templatesFolder(import.meta.dirname), "amazonec2", "ssm-agent.sh"));
}

async function userFile(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new MachineError("precheck", `unable to read --amazonec2-userdata file ${path}`, { cause });
  });
}

/**
 * One message of several parts, as cloud-init takes it.
 * @see https://cloudinit.readthedocs.io/en/latest/explanation/format.html
 */
function multipart(parts: readonly Buffer[]): Buffer {
  // Made of the parts, so that a repeated launch has the same one, and none of them can hold it.
  const boundary = parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`;
  const separated = parts.flatMap((part) => [Buffer.from(`\n--${boundary}\n`), asPart(part)]);
  return Buffer.concat([Buffer.from(head), ...separated, Buffer.from(`\n--${boundary}--\n`)]);
}

function asPart(content: Buffer): Buffer {
  const text = content.toString("latin1");
  if (/^(content-type|mime-version):/i.test(text)) return content;
  const head = (encoding: string): string =>
    `Content-Type: ${typeOf(text)}\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}\n\n`;
  if (content.every((byte) => byte < 0x80 && byte !== 0)) return Buffer.from(`${head("7bit")}${text}`);
  const lines = content.toString("base64").match(/.{1,76}/g) ?? [];
  return Buffer.from(`${head("base64")}${lines.join("\n")}\n`);
}

/** What cloud-init calls a document that begins so. */
function typeOf(text: string): string {
  const types: readonly (readonly [start: string, type: string])[] = [
    ["#!", "text/x-shellscript; charset=utf-8"],
    ["#cloud-config-archive", "text/cloud-config-archive"],
    ["#cloud-config-jsonp", "text/cloud-config-jsonp"],
    ["#cloud-config", "text/cloud-config; charset=utf-8"],
    ["#cloud-boothook", "text/cloud-boothook"],
    ["#include-once", "text/x-include-once-url"],
    ["#include", "text/x-include-url"],
    ["#part-handler", "text/part-handler"],
    ["## template: jinja", "text/jinja2"],
    ["\x1f\x8b", "application/gzip"],
  ];
  return types.find(([start]) => text.startsWith(start))?.[1] ?? "text/plain";
}
