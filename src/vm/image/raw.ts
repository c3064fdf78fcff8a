import type { FileHandle } from "node:fs/promises";
import type { Extent } from "./qcow2.js";

const piece = 2 ** 20;

/** What a raw image holds, in order. */
export async function* rawExtents(file: FileHandle, size: number): AsyncGenerator<Extent> {
  const buffer = Buffer.alloc(piece);
  for (let offset = 0; offset < size; offset += piece) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(piece, size - offset), offset);
    yield { offset, bytes: buffer.subarray(0, bytesRead) };
  }
}
