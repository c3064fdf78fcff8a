import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  fileFailure,
  get,
  httpFailure,
  isMachineError,
  MachineError,
  messageOf,
  shown,
  type HttpResponse,
  type Io,
} from "../../driver/index.js";
import { watchProgress } from "./progress.js";

export interface Source {
  readonly url: string;
  /** What lines and errors call it. */
  readonly name: string;
  /** What comes is compared with a digest. */
  readonly isPinned: boolean;
  /** Throws where what comes is of no use, by its first bytes. */
  readonly check?: (start: Buffer) => void;
  /** ETag of what is here already. */
  readonly etag?: string | undefined;
}

export interface DownloadLimits {
  /** Milliseconds without a byte after which a connection is given up. */
  readonly silence: number;
  /** Failures one after another, each without a byte more than before, after which the download is given up. */
  readonly tries: number;
}

type DownloadIo = Pick<Io, "env" | "signal" | "sleep" | "now" | "output">;

/**
 * Downloads a file to `data` in a folder, and goes on with what an earlier download left there, if that is still part of
 * what the server has. What is there stays when it fails.
 * @returns what the server calls this version of it; undefined where it is still the one of `etag`
 * @throws MachineError `failed`, `unreachable`, `interrupted`
 */
export async function download(
  source: Source,
  folder: string,
  io: DownloadIo,
  { silence, tries }: DownloadLimits = { silence: 60_000, tries: 5 },
): Promise<{ readonly etag: string | undefined } | undefined> {
  for (let failures = 0; ;) {
    const before = await sizeOf(folder);
    try {
      return await attempt(source, folder, io, silence);
    } catch (error) {
      if (!isMachineError(error) || error.code !== "unreachable") throw error;
      failures = (await sizeOf(folder)) > before ? 1 : failures + 1;
      if (failures >= tries) throw error;
      io.output(`${source.name}: ${error.message}; trying again`);
      await io.sleep(1_000 * 2 ** (failures - 1));
    }
  }
}

async function attempt(
  { url, name, isPinned, etag, check }: Source,
  folder: string,
  io: DownloadIo,
  silence: number,
): Promise<{ readonly etag: string | undefined } | undefined> {
  const [size, validator] = [await sizeOf(folder), await savedValidator(folder)];
  const range = size > 0 && validator !== "" ? { range: `bytes=${String(size)}-`, "if-range": validator } : {};
  const known: Record<string, string> = etag === undefined ? {} : { "if-none-match": etag };
  const answer = await get(
    { url, headers: { "accept-encoding": "identity", ...range, ...known }, isPinned, silence },
    io,
  );
  try {
    const version = { etag: answer.header("etag") };
    const part = await partOf(answer, size, folder, `${name}: ${shown(url)}`);
    if (part === "same") return undefined;
    if (part === "whole") return version;
    if (part.start === 0) await writeFile(join(folder, "validator"), validatorOf(answer));
    await receive(answer, part, folder, io, watchProgress(name, part.total, io), shown(url), check);
    return version;
  } finally {
    answer.close();
  }
}

interface Part {
  /** Byte that the answer begins with. */
  readonly start: number;
  /** Bytes of the whole file; undefined where the server does not say. */
  readonly total: number | undefined;
}

/** What an answer has: a part of the file, nothing new, or word that the whole file is here. */
async function partOf(
  answer: HttpResponse,
  size: number,
  folder: string,
  what: string,
): Promise<Part | "same" | "whole"> {
  const { status } = answer;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(answer.header("content-range") ?? "") ?? [];
  if (status === 200) return { start: 0, total: numberOf(answer.header("content-length")) };
  if (status === 206 && Number(first) === size) return { start: size, total: numberOf(total) };
  if (status === 304) return "same";
  if (status === 416 && Number(total) === size) return "whole";
  if (status === 206 || status === 416) {
    await rm(join(folder, "data"), { force: true });
    throw new MachineError("unreachable", `${what} has another part of it than the one that was asked for`);
  }
  throw refusal(status, what);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function refusal(status: number, what: string): MachineError {
  if (status === 404 || status === 410) {
    return new MachineError("failed", `${what} is not there (${String(status)})`, {
      hint: "publishers take old builds away after some months: give the URL of a newer one, and its digest",
    });
  }
  const passes = status >= 500 || status === 429 || status === 408;
  return new MachineError(passes ? "unreachable" : "failed", `${what} is refused (status ${String(status)})`);
}

/** What If-Range takes to say "if it is still that one": never an ETag that is weak. */
function validatorOf(answer: HttpResponse): string {
  const etag = answer.header("etag");
  return etag?.startsWith('"') === true ? etag : (answer.header("last-modified") ?? "");
}

async function receive(
  answer: HttpResponse,
  { start, total }: Part,
  folder: string,
  { signal }: DownloadIo,
  onBytes: (sum: number) => void,
  url: string,
  check: Source["check"],
): Promise<void> {
  const path = join(folder, "data");
  const failure = (error: unknown): MachineError => fileFailure(`${path} cannot be written`, error);
  const file = await open(path, start === 0 ? "w" : "a", 0o600).catch((error: unknown) => {
    throw failure(error);
  });
  let sum = start;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (sum === 0) check?.(chunk);
      await file.writeFile(chunk).catch((error: unknown) => {
        throw failure(error);
      });
      sum += chunk.length;
      onBytes(sum);
    }
  } catch (error) {
    throw isMachineError(error) ? error : httpFailure(`${url} was cut off`, error, signal);
  } finally {
    await file.close();
  }
  if (total !== undefined && sum !== total) {
    throw new MachineError("unreachable", `${url} was cut off after ${String(sum)} of ${String(total)} bytes`);
  }
}

async function savedValidator(folder: string): Promise<string> {
  return readFile(join(folder, "validator"), "utf8").catch(() => "");
}

async function sizeOf(folder: string): Promise<number> {
  return stat(join(folder, "data")).then(
    ({ size }) => size,
    (error: unknown) => {
      if (messageOf(error).includes("ENOENT")) return 0;
      throw fileFailure(`${folder} cannot be read`, error);
    },
  );
}
