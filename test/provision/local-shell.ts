import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ExecOptions, Shell } from "../../src/driver/index.js";

/** What a shell was asked to run, and what it got on stdin. */
export interface Call {
  readonly command: string;
  readonly input: string;
}

/** This computer as the host: commands run by `loginShell -c`, with nothing but `env` in the environment. */
export function localShell({
  env = {},
  loginShell = "sh",
}: { readonly env?: Readonly<Record<string, string>>; readonly loginShell?: string } = {}): Shell & {
  readonly calls: readonly Call[];
} {
  const calls: Call[] = [];
  const exec: Shell["exec"] = async (command, { input = "", onLine }: ExecOptions = {}) => {
    calls.push({ command, input: Buffer.from(input).toString() });
    const child = spawn(loginShell, ["-c", command], { env: { PATH: process.env["PATH"], ...env } });
    const streams = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      if (onLine) createInterface({ input: stream }).on("line", onLine);
      return chunks;
    });
    child.stdin.on("error", () => undefined); // a command may end without reading all of it
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    const [stdout = "", stderr = ""] = streams.map((chunks) => Buffer.concat(chunks).toString());
    return { stdout, stderr, code: code ?? 255 };
  };
  return { exec, calls };
}
