import { expect, test } from "vitest";
import { shellScripts } from "../user-data.js";

const script = "#!/bin/sh\necho ä\n";

test("user data that is a script is run; anything else of one part is not", () => {
  expect(shellScripts(script)).toEqual([script]);
  expect(shellScripts("#cloud-config\npackages: [git]\n")).toEqual([]);
  expect(shellScripts("")).toEqual([]);
});

test("of a MIME multipart the shell scripts are run in order, decoded, those of inner multiparts too", () => {
  const part = (head: string, body: string): string => `${head}\n\n${body}`;
  const base64 = Buffer.from(script).toString("base64").replace(/.{10}/g, "$&\n");
  const multipart = (boundary: string, ...parts: string[]): string =>
    `Content-Type: multipart/mixed;\n boundary="${boundary}"\nMIME-Version: 1.0\n\n` +
    [...parts.map((one) => `--${boundary}\n${one}\n`), `--${boundary}--\n`].join("");
  const text = multipart(
    "=a+b",
    part("Content-Type: text/x-shellscript; charset=utf-8", "#!/bin/sh\n\none"),
    part("Content-Type: text/cloud-config", "packages: [git]"),
    part("MIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-Type: text/x-shellscript", base64),
    multipart("inner", part("Content-Type: text/x-shellscript", "#!/bin/sh\nthree")),
  );
  const expected = ["#!/bin/sh\n\none", script, "#!/bin/sh\nthree"];
  for (const lines of [text, text.replaceAll("\n", "\r\n")]) {
    expect(shellScripts(lines).map((one) => one.trimEnd())).toEqual(expected.map((one) => one.trimEnd()));
  }
});
