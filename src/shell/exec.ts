import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync } from "node:fs";
import {
  interrupted,
  MachineError,
  type CommandResult,
  type ExecOptions,
  type RunOptions,
  type Shell,
} from "../driver/index.js";
import { exitCode, gather } from "./output.js";
import { quote } from "./script.js";
import { withTimeout } from "./with-timeout.js";

export interface ProcessContext {
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program is ended (SIGTERM) when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * A shell over a program that runs the command given as its last arguments, `sh -c COMMAND`,
 * e.g. `docker exec -i NAME`. Its `exec` rejects with `failed` when the program cannot be started.
 */
export function programShell(argv: readonly string[], surroundings: ProcessContext): Shell {
  const [file = "", ...args] = argv;
  return {
    exec: (command, options) => execute(file, [...args, "sh", "-c", command], { ...surroundings, ...options }),
  };
}

/**
 * Runs a program, never a shell, and resolves when it has exited with status 0.
 * Its command line shows up in errors: secrets go through `env` or `input`.
 * @throws MachineError `failed` with the command line and the last 20 lines of output; `interrupted`
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: RunOptions & ProcessContext,
): Promise<CommandResult> {
  const { result, tail } = await run(file, args, options);
  if (result.code === 0) return result;
  throw new MachineError("failed", `${pasteable([file, ...args])} exited with status ${String(result.code)}`, {
    output: tail,
  });
}

/** A command line as a person would type it. */
export function pasteable(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : quote(word))).join(" ");
}

async function execute(
  file: string,
  args: readonly string[],
  { timeout = 600_000, ...options }: ExecOptions & ProcessContext,
): Promise<CommandResult> {
  const { result } = await run(file, args, { ...options, timeout });
  return result;
}

type ProcessOptions = ProcessContext & RunOptions & ExecOptions;

async function run(
  file: string,
  args: readonly string[],
  { input, cwd, env, signal, onLine, timeout }: ProcessOptions,
): Promise<{ readonly result: CommandResult; readonly tail: string | undefined }> {
  if (signal.aborted) throw interrupted();
  const child = spawn(file, args, { cwd, env: { ...env }, stdio: "pipe", windowsHide: true });
  const output = gather(file, child.stdout, child.stderr, onLine);
  const ended = Promise.race([exit(child, file, cwd), output.flooded]).catch((error: unknown) => {
    abandon(child);
    throw error;
  });
  // A program that does not read its input to the end closes the pipe (EPIPE); its status tells the rest.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const late = (after: number): MachineError =>
    new MachineError("unreachable", `${file} did not end within ${String(after / 1_000)} s`, { output: output.tail() });
  const code = await withTimeout(ended, {
    signal,
    ...(timeout === undefined ? {} : { deadline: { after: timeout, error: () => late(timeout) } }),
    stop: () => {
      abandon(child);
    },
  });
  return { result: { stdout: output.stdout(), stderr: output.stderr(), code }, tail: output.tail() };
}

/** Ends a program. A child of it may hold the pipes open; nobody waits for it. */
export function abandon(child: ChildProcessWithoutNullStreams): void {
  child.kill();
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
}

function exit(child: ChildProcessWithoutNullStreams, file: string, cwd: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("close", (code, signal) => {
      resolve(exitCode(code, signal) ?? 1);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(notStarted(file, cwd, error));
    });
  });
}

/** Why a program could not be started: it is missing, or its working directory. */
export function notStarted(file: string, cwd: string | undefined, cause: NodeJS.ErrnoException): MachineError {
  if (cause.code === "ENOENT" && cwd !== undefined && !existsSync(cwd)) {
    return new MachineError("failed", `${file} could not be started: there is no directory ${cwd}`, { cause });
  }
  if (cause.code === "ENOENT") {
    return new MachineError("failed", `${file} is not installed`, {
      hint: `install ${file}, or add it to PATH`,
      cause,
    });
  }
  return new MachineError("failed", `${file} could not be started: ${cause.message}`, { cause });
}
