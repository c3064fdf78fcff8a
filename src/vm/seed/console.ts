import { open, readFile } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

/** What a serial console has printed as plain text: no colours, no movements of the cursor, no line twice. */
export function cleanConsole(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r+\n/g, "\n")
    .replace(/[^\n]*\r(?!\n)/g, "")
    .replace(/[^\P{Cc}\n\t]/gu, "");
}

/** The last lines that are not empty of a console's log; nothing where there is no log. */
export async function consoleTail(path: string, lines = 20): Promise<string> {
  const text = cleanConsole(await readFile(path, "utf8").catch(() => ""));
  const full = text.split("\n").filter((line) => line.trim() !== "");
  return full.slice(-lines).join("\n");
}

/**
 * Follows a console's log: each call returns the lines that were completed since the last one. A log that was begun
 * anew, or is not there yet, is read from its beginning.
 */
export function followConsole(path: string): () => Promise<readonly string[]> {
  let offset = 0;
  let decoder = new StringDecoder("utf8");
  let rest = "";
  return async () => {
    const found = await readFrom(path, offset);
    if (found.isNew) [decoder, rest] = [new StringDecoder("utf8"), ""];
    offset = found.end;
    const lines = `${rest}${decoder.write(found.bytes)}`.split("\n");
    rest = lines.pop() ?? "";
    return lines.map((line) => cleanConsole(`${line}\n`).trimEnd());
  };
}

interface ConsolePart {
  readonly bytes: Buffer;
  readonly end: number;
  /** It is shorter than it was, so that it is read from its beginning. */
  readonly isNew: boolean;
}

async function readFrom(path: string, offset: number): Promise<ConsolePart> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return { bytes: Buffer.alloc(0), end: 0, isNew: true };
  try {
    const { size } = await file.stat();
    const isNew = size < offset;
    const start = isNew ? 0 : offset;
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return { bytes: bytes.subarray(0, bytesRead), end: start + bytesRead, isNew };
  } finally {
    await file.close();
  }
}
