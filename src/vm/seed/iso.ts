/** A file in the root of an ISO image. Its name is of `a-z`, `0-9` and `-`, 30 characters at most. */
export interface IsoFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Bytes of a sector. All numbers of sectors count from the image's beginning. */
const sector = 2048;

/**
 * Where everything lies. 0 to 15 are the system's, and empty. A root of a few files fits in one sector.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-119/
 */
const at = {
  primary: 16,
  joliet: 17,
  end: 18,
  pathTable: 19,
  pathTableBig: 20,
  jolietPathTable: 21,
  jolietPathTableBig: 22,
  root: 23,
  continuation: 24,
  jolietRoot: 25,
  files: 26,
};

/**
 * An ISO 9660 image of files in its root, with their names by Joliet and by Rock Ridge, which lets root alone read them.
 * Every date is the same, so that equal files make equal bytes.
 * @param label of the volume, up to 16 ASCII characters
 */
export function isoImage(label: string, files: readonly IsoFile[]): Uint8Array {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  let next = at.files;
  const placed = sorted.map(({ name, content }) => {
    const start = next;
    next += sectorsOf(content.length);
    return { name, content, start };
  });
  const image = Buffer.alloc(next * sector);
  const put = (bytes: Uint8Array, start: number): void => {
    image.set(bytes, start * sector);
  };
  put(volumeDescriptor(primary, label, next), at.primary);
  put(volumeDescriptor(joliet, label, next), at.joliet);
  put(Buffer.from("\xffCD001\x01", "latin1"), at.end);
  for (const tree of [primary, joliet]) {
    put(pathTable(tree.root, false), tree.pathTable);
    put(pathTable(tree.root, true), tree.pathTableBig);
    put(rootOf(tree, placed), tree.root);
  }
  put(rockRidgeReference(), at.continuation);
  for (const { content, start } of placed) put(content, start);
  return image;
}

interface PlacedFile extends IsoFile {
  readonly start: number;
}

/** One of the two trees of names, over the same contents. */
interface Tree {
  readonly root: number;
  readonly pathTable: number;
  readonly pathTableBig: number;
  /** Text of its descriptor. */
  text(value: string, length: number): Buffer;
  fileName(name: string): Buffer;
  /** What follows the name in a record: `.`, `..` or a file. */
  systemUse(kind: "self" | "parent" | "file", name: string): Buffer;
}

const primary: Tree = {
  root: at.root,
  pathTable: at.pathTable,
  pathTableBig: at.pathTableBig,
  text: (value, length) => Buffer.from(value.padEnd(length), "latin1"),
  fileName: (name) => Buffer.from(`${name.toUpperCase().replaceAll("-", "_")}.;1`, "latin1"),
  systemUse: rockRidge,
};

/** Names in UCS-2, big-endian. */
const joliet: Tree = {
  root: at.jolietRoot,
  pathTable: at.jolietPathTable,
  pathTableBig: at.jolietPathTableBig,
  text: (value, length) => bigEndianText(value.padEnd(length / 2)),
  fileName: (name) => bigEndianText(name),
  systemUse: () => Buffer.alloc(0),
};

function volumeDescriptor(tree: Tree, label: string, sectors: number): Buffer {
  const bytes = Buffer.alloc(sector);
  const isJoliet = tree === joliet;
  bytes.set([isJoliet ? 2 : 1, ...Buffer.from("CD001"), 1]);
  bytes.set(tree.text("", 32), 8);
  bytes.set(tree.text(label, 32), 40);
  bytes.set(both32(sectors), 80);
  if (isJoliet) bytes.set(Buffer.from("%/E"), 88);
  bytes.set(both16(1), 120);
  bytes.set(both16(1), 124);
  bytes.set(both16(sector), 128);
  bytes.set(both32(pathTable(tree.root, false).length), 132);
  bytes.writeUInt32LE(tree.pathTable, 140);
  bytes.writeUInt32BE(tree.pathTableBig, 148);
  bytes.set(record(Buffer.from([0]), tree.root, sector, true), 156);
  // Set, publisher, preparer, application, copyright, abstract, bibliography: nothing.
  bytes.set(tree.text("", 128 * 4), 190);
  for (const offset of [702, 739, 776]) bytes.set(tree.text("", 36), offset);
  for (const offset of [813, 830]) bytes.set(Buffer.from("2000010100000000\0", "latin1"), offset);
  for (const offset of [847, 864]) bytes.set(Buffer.from("0000000000000000\0", "latin1"), offset);
  bytes[881] = 1;
  return bytes;
}

function pathTable(root: number, isBig: boolean): Buffer {
  const entry = Buffer.alloc(10);
  entry[0] = 1;
  if (isBig) {
    entry.writeUInt32BE(root, 2);
    entry.writeUInt16BE(1, 6);
  } else {
    entry.writeUInt32LE(root, 2);
    entry.writeUInt16LE(1, 6);
  }
  return entry;
}

function rootOf(tree: Tree, files: readonly PlacedFile[]): Buffer {
  return Buffer.concat([
    record(Buffer.from([0]), tree.root, sector, true, tree.systemUse("self", "")),
    record(Buffer.from([1]), tree.root, sector, true, tree.systemUse("parent", "")),
    ...files.map(({ name, content, start }) =>
      record(tree.fileName(name), start, content.length, false, tree.systemUse("file", name)),
    ),
  ]);
}

function record(
  name: Buffer,
  start: number,
  size: number,
  isFolder: boolean,
  systemUse: Uint8Array = Buffer.alloc(0),
): Buffer {
  const padding = Buffer.alloc(name.length % 2 === 0 ? 1 : 0);
  const date = [100, 1, 1, 0, 0, 0, 0];
  const head = [0, 0, ...both32(start), ...both32(size), ...date, isFolder ? 2 : 0, 0, 0, ...both16(1), name.length];
  const bytes = Buffer.concat([Buffer.from(head), name, padding, systemUse]);
  const whole = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  whole[0] = whole.length;
  return whole;
}

/** Entries of the Rock Ridge Interchange Protocol 1.09 on those of the System Use Sharing Protocol 1.10. */
function rockRidge(kind: "self" | "parent" | "file", name: string): Buffer {
  const [mode, links] = kind === "file" ? [0o100400, 1] : [0o040500, 2];
  const attributes = entry("PX", [mode, links, 0, 0].flatMap(both32));
  if (kind === "file") return Buffer.concat([attributes, entry("NM", [0, ...Buffer.from(name)])]);
  if (kind === "parent") return attributes;
  const more = [at.continuation, 0, rockRidgeReference().length].flatMap(both32);
  return Buffer.concat([entry("SP", [0xbe, 0xef, 0]), attributes, entry("CE", more)]);
}

function entry(signature: string, data: readonly number[]): Buffer {
  return Buffer.from([...Buffer.from(signature), data.length + 4, 1, ...data]);
}

/** Says that Rock Ridge is in use, by the words that it prescribes; too long for a record. */
function rockRidgeReference(): Buffer {
  const texts = [
    "RRIP_1991A",
    "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS",
    "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.",
  ];
  return entry("ER", [...texts.map(({ length }) => length), 1, ...Buffer.from(texts.join(""))]);
}

function bigEndianText(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

/** A number little-endian, then big-endian. */
function both32(value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return [...bytes];
}

function both16(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return [...bytes];
}

/** An empty file has a sector as well: some readers take sector 0 for an error. */
function sectorsOf(length: number): number {
  return Math.max(1, Math.ceil(length / sector));
}
