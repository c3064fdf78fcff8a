import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findDistro } from "../../src/provision/distros.js";
import { parseOsRelease } from "../../src/provision/os-release.js";

const fixtures = join(import.meta.dirname, "fixtures", "os-release");

describe("parseOsRelease", () => {
  test("understands quotes, escapes, comments and values with an equals sign", () => {
    const text = `# ID=wrong\nID='my"os'\nID_LIKE="debian  ubuntu"\r\nPRETTY_NAME="a \\"b\\" \\$c \\\\ d=e"\nnonsense\nVERSION_ID=1=2\n`;
    expect(parseOsRelease(text)).toEqual({
      id: `my"os`,
      idLike: ["debian", "ubuntu"],
      prettyName: `a "b" $c \\ d=e`,
      versionId: "1=2",
    });
  });

  test("calls a system that says nothing linux, as the manual page does", () => {
    expect(parseOsRelease("")).toEqual({ id: "linux", idLike: [], prettyName: "linux", versionId: "" });
  });
});

describe("findDistro", () => {
  const expected: Record<string, string> = {
    "almalinux-9": "Red Hat clone",
    "alpine-3.22": "Alpine",
    "amazon-2023": "Amazon Linux",
    arch: "Arch",
    "centos-9": "Red Hat",
    "debian-12": "Debian",
    "fedora-42": "Fedora",
    flatcar: "Flatcar",
    "linuxmint-22": "Ubuntu",
    manjaro: "Arch",
    "opensuse-leap-15": "SUSE",
    "opensuse-tumbleweed": "SUSE",
    "oracle-9": "Red Hat clone",
    "raspbian-11": "Debian",
    "rhel-9": "Red Hat",
    "rocky-9": "Red Hat",
    "sles-15": "SUSE",
    "ubuntu-24.04": "Ubuntu",
  };

  test("knows the family of each system: its own ID counts more than what it is like", async () => {
    const found: Record<string, string> = {};
    for (const name of await readdir(fixtures)) {
      found[name] = findDistro(parseOsRelease(await readFile(join(fixtures, name), "utf8"))).name;
    }
    expect(found).toEqual(expected);
  });

  test("says which system it does not recognize, in docker-machine's words", () => {
    expect(() => findDistro(parseOsRelease('ID=haiku\nPRETTY_NAME="Haiku R1"\n'))).toThrow(
      "OS type not recognized: Haiku R1 (ID=haiku)",
    );
  });
});
