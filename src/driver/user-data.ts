import { createHash } from "node:crypto";

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
