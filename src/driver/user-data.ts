import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MachineError, messageOf, type ErrorCode } from "./error.js";

/**
 * A person's own file of user data, without the byte order mark that some editors write.
 * @param flag which has named it, for the errors
 * @param code of the errors
 * @throws MachineError where it cannot be read, or has no form that cloud-init knows: it would pass it over without a word
 */
export async function readUserData(path: string, flag: string, code: ErrorCode = "usage"): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new MachineError(code, `unable to read ${flag} file: ${path}`, { hint: messageOf(cause), cause });
  });
  const content = bytes.subarray(bytes.indexOf("\ufeff") === 0 ? 3 : 0);
  if (isBlank(content) || isMessage(content) || typeOf(content) !== undefined) return content;
  throw new MachineError(code, `${flag}: cloud-init does not recognize the format of ${path}`, {
    hint: "begin the file with #cloud-config or #!/bin/sh",
  });
}

/** Has nothing but space. */
export function isBlank(content: Buffer): boolean {
  return content.toString("latin1").trim() === "";
}

/**
 * One message of several parts, as cloud-init takes it: each part is what it takes alone, such as a script, a
 * cloud-config or another message, and they keep their order. The same for the same parts.
 * @see https://cloudinit.readthedocs.io/en/latest/explanation/format.html
 */
export function multipart(parts: readonly Buffer[]): Buffer {
  // Made of the parts, so that a repeated launch has the same one, and none of them can hold it.
  const boundary = parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`;
  const separated = parts.flatMap((part) => [Buffer.from(`\n--${boundary}\n`), asPart(part)]);
  return Buffer.concat([Buffer.from(head), ...separated, Buffer.from(`\n--${boundary}--\n`)]);
}

function asPart(content: Buffer): Buffer {
  if (isMessage(content)) return content;
  const head = (encoding: string): string =>
    `Content-Type: ${typeOf(content) ?? "text/plain"}\nMIME-Version: 1.0\nContent-Transfer-Encoding: ${encoding}\n\n`;
  if (content.every((byte) => byte < 0x80 && byte !== 0)) return Buffer.from(`${head("7bit")}${content.toString()}`);
  const lines = content.toString("base64").match(/.{1,76}/g) ?? [];
  return Buffer.from(`${head("base64")}${lines.join("\n")}\n`);
}

/** By cloud-init's own rule: `convert_string` of its user_data.py. */
function isMessage(content: Buffer): boolean {
  return /mime-version:/i.test(content.toString("latin1", 0, 4_096));
}

/** What cloud-init calls a document that begins so; undefined for what it does not know. The longer beginning wins. */
function typeOf(content: Buffer): string | undefined {
  if (content.toString("hex", 0, 2) === "1f8b") return "application/gzip";
  const start = content.toString("latin1", 0, 4_096).trimStart().toLowerCase();
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
  ];
  return types.find(([beginning]) => start.startsWith(beginning))?.[1];
}

/** True for a cloud-config that is plain YAML. */
export function isCloudConfig(content: Buffer): boolean {
  return !isMessage(content) && typeOf(content)?.startsWith("text/cloud-config;") === true;
}
