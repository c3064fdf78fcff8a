/** A version of VirtualBox, as far as it matters. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  /** As it was printed: `7.1.6_Ubuntur167084`. */
  readonly text: string;
}

/** Of the last line that is one: warnings may stand before it. */
export function parseVersion(text: string): Version | undefined {
  const found = [...text.matchAll(/^(\d+)\.(\d+)\.\d+\S*/gm)].at(-1);
  return found && { major: Number(found[1]), minor: Number(found[2]), text: found[0] };
}

export function isAtLeast({ major, minor }: Version, wantedMajor: number, wantedMinor: number): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** What `--machinereadable` prints: `key="value"` or `key=value`; a key with odd characters is quoted as well. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/);
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, quotedKey, key = "", quoted, plain = ""] =
        /^(?:"((?:[^"\\]|\\.)*)"|([^"=]+))=(?:"(.*)"|(.*))$/.exec(line) ?? [];
      const name = quotedKey === undefined ? key : unescape(quotedKey);
      return name === "" ? [] : [[name, quoted === undefined ? plain : unescape(quoted)]];
    }),
  );
}

function unescape(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/** What `list` prints: blocks of `Key:   value` with an empty line between them. */
export function parseBlocks(text: string): readonly ReadonlyMap<string, string>[] {
  const blocks = text.split(/(?:\r?\n){2,}/).map(
    (block) =>
      new Map(
        block.split(/\r?\n/).flatMap((line): [string, string][] => {
          const [, key = "", value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
          return key === "" ? [] : [[key.trim(), value.trim()]];
        }),
      ),
  );
  return blocks.filter((block) => block.size > 0);
}

/** A virtual machine that VirtualBox knows. One whose settings cannot be read is named `<inaccessible>`. */
export interface Listed {
  readonly name: string;
  readonly id: string;
}

/** What `list vms` prints: `"name" {id}`. */
export function parseList(text: string): readonly Listed[] {
  return [...text.matchAll(/^"(.*)" \{([0-9a-f-]{36})\}\r?$/gm)].map(([, name = "", id = ""]) => ({ name, id }));
}
