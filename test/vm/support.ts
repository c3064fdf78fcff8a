import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { Io } from "../../src/driver/index.js";
import { machineIo } from "../../src/core/session/io.js";
import { openSession } from "../../src/core/session/session.js";

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vm-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The real io of a store: locks between processes, programs, this clock. It waits a hundred times faster. */
export function realIo(
  storagePath: string,
  env: Readonly<Record<string, string | undefined>> = {},
  signal: AbortSignal = new AbortController().signal,
): Io {
  const nothing = (): undefined => undefined;
  const session = openSession({
    ...{ env: { PATH: process.env["PATH"], ...env }, signal, storagePath, command: "test" },
    ...{ report: nothing, tell: nothing, debug: nothing, ask: () => Promise.resolve(undefined) },
    tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
  });
  return {
    ...machineIo(session, { name: "web", dir: join(storagePath, "machines", "web") }),
    sleep: (ms) => sleep(ms / 100),
  };
}

/** Bytes that look random and are the same for the same seed. */
export function noise(length: number, seed = "noise"): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 64 < length; i++)
    parts.push(
      createHash("sha512")
        .update(`${seed} ${String(i)}`)
        .digest(),
    );
  return marked(Buffer.concat(parts).subarray(0, length));
}

/** An empty disk that counts as one that a computer boots from. */
export function bootable(length: number): Buffer {
  return marked(Buffer.alloc(length));
}

function marked(bytes: Buffer): Buffer {
  if (bytes.length >= 512) bytes.set([0x55, 0xaa], 510);
  return bytes;
}

/** Digest of bytes as images have it. */
export function digestOfBytes(bytes: Buffer, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}
