import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Call, type Command, showProgress } from "../call.js";
import { type DiskFile, convertDisk, createDisk, qemuFormat, resizeDisk, writeUuid } from "../disk-format.js";
import { type Line, has, option, readLine, valueOf } from "../getopt.js";
import { forget, openMedium, refuseSecond, sizesOf, usersOf } from "../media.js";
import {
  apiError,
  argumentError,
  isRefusal,
  notImplemented,
  plainError,
  progressError,
  syntaxError,
} from "../refusal.js";
import type { Medium } from "../state.js";

const variants = [
  option("format", "string", "-format"),
  option("static", "flag", "-static"),
  option("variant", "string", "-variant"),
];

/** `disk`, `dvd` or `floppy` may come first, and means a hard disk where it does not. */
function kindAndRest(args: readonly string[]): readonly [Medium["type"], readonly string[]] {
  const kind = args.find((each) => each === "disk" || each === "dvd" || each === "floppy");
  const rest = args.filter((each) => each !== kind);
  if (rest.some((each) => each === "disk" || each === "dvd" || each === "floppy")) {
    throw syntaxError(`Only one command can be specified: '${kind ?? ""}'`);
  }
  return [kind === "dvd" || kind === "floppy" ? kind : "hdd", rest];
}

export const createMedium: Command = (call, args) => {
  const [type, rest] = kindAndRest(args);
  const sizes = [option("size", "uint", "-size"), option("sizebyte", "uint")];
  const table = [
    option("filename", "string", "-filename"),
    option("diffparent"),
    ...sizes,
    ...variants,
    option("property"),
  ];
  const line = readLine(table, rest, 0);
  const filename = valueOf(line, "filename");
  if (filename === undefined) throw syntaxError("Parameter --filename is required");
  if (type !== "hdd" || has(line, "diffparent")) throw notImplemented("createmedium dvd, floppy, --diffparent");
  const size = Number(valueOf(line, "size") ?? 0) * 2 ** 20 || Number(valueOf(line, "sizebyte") ?? 0);
  if (size === 0) throw syntaxError("Parameter --size is required");
  const format = formatOf(call, line);
  const location = withSuffix(resolve(filename), format);
  const medium = create(call, location, format, "Failed to create medium", () =>
    createDisk(location, format, size, variantOf(line, format)),
  );
  showProgress(call);
  call.print(`Medium created. UUID: ${medium.uuid}`);
};

/** Makes a file by a function that returns its id, and registers it. */
function create(call: Call, location: string, format: DiskFile["format"], failure: string, make: () => string): Medium {
  const medium: Medium = { uuid: "", type: "hdd", location, format, parent: "", description: "" };
  try {
    refuseSecond(call, { ...medium, uuid: crypto.randomUUID() });
    if (existsSync(location)) {
      const message = `Could not create the medium storage unit '${location}'.`;
      const detail = `${format}: cannot create image '${location}' (VERR_ALREADY_EXISTS)`;
      throw apiError(call.release, "FILE_ERROR", `${message}\n${detail}`, ["Medium"]);
    }
    mkdirSync(dirname(location), { recursive: true });
    const made: Medium = { ...medium, uuid: make() };
    call.state.media.push(made);
    return made;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw progressError(error, error.lines[0]?.startsWith("Cannot") === true ? "INVALIDARG" : "FILE_ERROR", failure);
  }
}

function formatOf(call: Call, line: Line, fallback = "VDI"): DiskFile["format"] {
  const given = (valueOf(line, "format") ?? fallback).toUpperCase();
  if (given === "VDI" || given === "VMDK" || given === "VHD" || given === "RAW") return given;
  const message = `Invalid medium storage format '${given}'`;
  throw apiError(call.release, "INVALIDARG", message, ["Medium", "CreateMedium(Bstr(pszFormat).raw(), ...)"]);
}

function variantOf(line: Line, format: DiskFile["format"]): readonly string[] {
  const variant = valueOf(line, "variant")?.toLowerCase() ?? (has(line, "static") ? "fixed" : "standard");
  if (variant === "standard") return [];
  if (variant === "fixed" && format === "VDI") return ["-o", "static=on"];
  if (["fixed", "split2g", "stream", "esx"].includes(variant)) throw notImplemented(`--variant ${variant}`);
  throw argumentError(`Invalid medium variant '${variant}'`);
}

function withSuffix(location: string, format: DiskFile["format"]): string {
  if (extname(location) !== "") return location;
  return `${location}.${format === "VMDK" || format === "VHD" ? format.toLowerCase() : "vdi"}`;
}

export const cloneMedium: Command = (call, args) => {
  const [type, rest] = kindAndRest(args);
  const line = readLine([...variants, option("existing", "flag"), option("uuid", "uuid")], rest, 2);
  const [from, to] = line.words;
  if (from === undefined || to === undefined)
    throw syntaxError(
      `Mandatory ${from === undefined ? "source" : "destination"} medium filename or UUID missing`.replace(
        "source medium filename or UUID missing",
        "UUID or input file parameter missing",
      ),
    );
  if (type !== "hdd" || has(line, "existing") || has(line, "uuid"))
    throw notImplemented("clonemedium --existing, --uuid");
  const source = openMedium(call, from, "hdd");
  const format = formatOf(call, line, source.format);
  if (variantOf(line, format).length > 0) throw notImplemented("clonemedium --variant");
  const location = resolve(to);
  const medium = create(call, location, format, "Failed to clone medium", () =>
    convertDisk(source.location, qemuFormat(source.format as DiskFile["format"]), location, format),
  );
  showProgress(call);
  call.print(`Clone medium created in format '${format}'. UUID: ${medium.uuid}`);
};

const modifyOptions = [
  ...[option("type", "string", "-type"), option("autoreset", "string", "-autoreset"), option("property")],
  ...[option("compact", "flag", "-compact"), option("resize", "uint"), option("resizebyte", "uint"), option("move")],
  ...[option("setlocation"), option("description")],
];

export const modifyMedium: Command = (call, args) => {
  const [type, rest] = kindAndRest(args);
  const line = readLine(modifyOptions, rest, 1);
  const [given] = line.words;
  if (given === undefined) throw syntaxError("Medium name or UUID required");
  if (line.options.length === 0) throw syntaxError("No operation specified");
  const missing = ["type", "autoreset", "property", "compact"].find((each) => has(line, each));
  if (missing !== undefined) throw notImplemented(`modifymedium --${missing}`);
  const medium = openMedium(call, given, type);
  const resize = Number(valueOf(line, "resize") ?? 0) * 2 ** 20 || Number(valueOf(line, "resizebyte") ?? 0);
  if (resize > 0) resizeMedium(call, medium, resize, has(line, "resize"));
  const moved = valueOf(line, "move") ?? valueOf(line, "setlocation");
  if (moved !== undefined) {
    if (has(line, "move")) renameSync(medium.location, resolve(moved));
    medium.location = resolve(moved);
    call.print(
      `${has(line, "move") ? "Move medium with UUID" : "Set new location of medium with UUID"} ${medium.uuid} finished`,
    );
  }
  medium.description = valueOf(line, "description") ?? medium.description;
  if (has(line, "description")) call.print("Medium description has been changed.");
};

/** Only dynamic VDI and VHD, and only to grow. */
function resizeMedium(call: Call, medium: Medium, size: number, inMegabytes: boolean): void {
  const { disk } = sizesOf(medium);
  if (inMegabytes && size > disk * 1000)
    throw plainError(
      `Error: Attempt to resize the medium from ${megabytes(disk)} MB to ${megabytes(size)} MB. Use --resizebyte if this is intended!\n`,
    );
  if (size === disk) {
    showProgress(call);
    return;
  }
  const isPossible = size > disk && (medium.format === "VDI" || medium.format === "VHD");
  if (!isPossible) {
    const message =
      size > disk
        ? "Resizing to new size " + String(size) + " is not yet supported for medium"
        : "Shrinking is not yet supported for medium";
    const error = apiError(call.release, "NOT_SUPPORTED", `${message} '${medium.location}'`, ["Medium"]);
    throw progressError(error, "NOT_SUPPORTED", "Failed to resize medium");
  }
  resizeDisk(medium.location, medium.format, size);
  showProgress(call);
}

function megabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 2 ** 20))}.${String(Math.floor(((bytes % 2 ** 20) * 10) / 2 ** 20))}`;
}

export const closeMedium: Command = (call, args) => {
  const [type, rest] = kindAndRest(args);
  const line = readLine([option("delete", "flag")], rest, 1);
  const [given] = line.words;
  if (given === undefined) throw syntaxError("Medium name or UUID required");
  const medium = openMedium(call, given, type);
  const users = usersOf(call, medium);
  if (users.length > 0)
    throw inUse(
      call,
      medium,
      users.map((each) => each.uuid),
      has(line, "delete"),
    );
  if (has(line, "delete")) {
    rmSync(medium.location);
    showProgress(call);
  }
  forget(call, medium);
};

function inUse(call: Call, { location }: Medium, users: readonly string[], deletes: boolean): Error {
  const count = String(users.length);
  const message = deletes
    ? `Cannot delete storage: medium '${location}' is still attached to the following ${count} virtual machine(s): ${users.join(", ")}`
    : `Medium '${location}' cannot be closed because it is still attached to ${count} virtual machines`;
  const context = deletes ? "DeleteStorage(pProgress.asOutParam())" : "Close()";
  return apiError(call.release, "OBJECT_IN_USE", message, ["Medium", context]);
}

export const showMediumInfo: Command = (call, args) => {
  const [type, rest] = kindAndRest(args);
  const [given] = readLine([], rest, 1).words;
  if (given === undefined) throw syntaxError("Medium name or UUID required");
  printMedium(call, openMedium(call, given, type), true);
};

/** As `list hdds` and showmediuminfo have it. */
export function printMedium(call: Call, medium: Medium, isLong: boolean): void {
  const { disk, file } = sizesOf(medium);
  const users = usersOf(call, medium);
  const [isAccessible, fixed] = [existsSync(medium.location), medium.type === "hdd" ? "dynamic" : "fixed"];
  call.print(`UUID:           ${medium.uuid}`);
  if (medium.type === "hdd") call.print(`Parent UUID:    ${medium.parent === "" ? "base" : medium.parent}`);
  if (isLong && medium.description !== "") call.print(`Description:    ${medium.description}`);
  call.print(
    `State:          ${isAccessible ? (users.some((each) => each.run) ? "locked write" : "created") : "inaccessible"}`,
  );
  call.print(`Type:           ${medium.type === "hdd" ? "normal (base)" : "readonly"}`);
  call.print(`Location:       ${medium.location}`);
  call.print(`Storage format: ${medium.format}`);
  if (isLong) call.print(`Format variant: ${fixed} default`);
  call.print(`Capacity:       ${String(Math.floor(disk / 2 ** 20))} MBytes`);
  if (isLong) call.print(`Size on disk:   ${String(Math.ceil(file / 2 ** 20))} MBytes`);
  call.print("Encryption:     disabled");
  for (const [place, { name, uuid }] of (isLong ? users : []).entries()) {
    call.print(`${place === 0 ? "In use by VMs:  " : "                "}${name} (UUID: ${uuid})`);
  }
}

/** Is told a size in bytes where the data comes by stdin, and reads just so much. */
export const convertFromRaw: Command = async (call, args) => {
  const line = readLine([...variants, option("uuid", "uuid")], args, 3);
  const isStdin = line.words[0] === "stdin";
  const [from, to, bytes] = line.words;
  if (from === undefined || to === undefined) throw syntaxError("Incorrect number of parameters");
  if ((bytes !== undefined) !== isStdin)
    throw syntaxError(isStdin ? "Incorrect number of parameters" : `Invalid parameter '${bytes ?? ""}'`);
  const format = formatOf(call, line);
  if (format === "RAW") throw notImplemented("convertfromraw --format RAW");
  const location = resolve(to);
  if (existsSync(location)) throw plainError(`Cannot create the disk image "${location}": VERR_ALREADY_EXISTS`);
  call.complain(`Converting from raw image file="${from}" to file="${to}"...\n`);
  const raw = isStdin ? `${location}.raw` : resolve(from);
  if (isStdin) await receive(raw, Number(bytes));
  if (!existsSync(raw)) throw plainError(`Cannot open file "${raw}": VERR_FILE_NOT_FOUND`);
  call.complain(
    `Creating dynamic image with size ${String(statSync(raw).size)} bytes (${String(Math.ceil(statSync(raw).size / 2 ** 20))}MB)...\n`,
  );
  convertDisk(raw, "raw", location, format);
  const uuid = valueOf(line, "uuid");
  if (uuid !== undefined) writeUuid(location, format, uuid.replace(/[{}]/g, ""));
  if (isStdin) rmSync(raw);
};

async function receive(file: string, bytes: number): Promise<void> {
  const isDone = new AbortController();
  let left = bytes;
  const limit = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      yield chunk.subarray(0, left);
      left -= Math.min(left, chunk.length);
    }
  };
  await pipeline(createReadStream("", { fd: 0 }), limit, createWriteStream(file), { signal: isDone.signal });
  if (left > 0) {
    rmSync(file);
    throw plainError(`Read error from stdin: expected ${String(bytes)} bytes, ${String(left)} are missing`);
  }
}
