import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue, defaultImage } from "../../src/vm/image/catalogue.js";
import { parseDigest } from "../../src/vm/image/digest.js";
import { chooseImage, hostArchitecture } from "../../src/vm/image/choose.js";
import { temporaryFolder } from "./support.js";

const digest = `sha256:${"0a".repeat(32)}`;

describe("the catalogue", () => {
  test.each(catalogue)("pins $name for $architecture to one build and its digest", (entry) => {
    expect(parseDigest(entry.digest)).toBe(entry.digest);
    expect(entry.url).toMatch(/^https:\/\/[^?]+\.(qcow2|img)$/);
    expect(entry.url).not.toMatch(/latest|current|daily/);
    const [wrong, right] =
      entry.architecture === "amd64" ? [/arm64|aarch64/, /amd64|x86_64/] : [/amd64|x86_64/, /arm64|aarch64/];
    expect(entry.url).toMatch(right);
    expect(entry.url).not.toMatch(wrong);
    const [, version = ""] = /-([\d.]+)$/.exec(entry.name) ?? [];
    expect(entry.url).toContain(version);
  });

  test("has no image twice", () => {
    const facts = catalogue.flatMap(({ name, architecture, url, digest: one }) => [
      `${name} ${architecture}`,
      url,
      one,
    ]);
    expect(new Set(facts).size).toBe(facts.length);
  });

  test("has the default image for both architectures", () => {
    const found = catalogue.filter(({ name }) => name === defaultImage).map(({ architecture }) => architecture);
    expect(found).toEqual(["amd64", "arm64"]);
  });
});

describe("an image is chosen", () => {
  test("by its name", () => {
    expect(chooseImage("debian-12", "", "arm64", {}).url).toMatch(/debian-12-generic-arm64/);
    expect(chooseImage("", "", "amd64", {})).toEqual(chooseImage("debian-13", "", "amd64", {}));
    expect(chooseImage("debian-13", digest, "amd64", {}).digest).toBe(digest);
  });

  test("by a URL, with or without a digest", () => {
    expect(chooseImage("https://example.org/a.img", "", "amd64", {})).toEqual({
      url: "https://example.org/a.img",
      digest: "",
    });
    expect(chooseImage("http://example.org/a", digest.toUpperCase().replace("SHA", "sha"), "arm64", {}).digest).toBe(
      digest,
    );
  });

  test("by the path of a file, or its URL", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "my disk.img");
    await writeFile(path, "disk");
    expect(chooseImage(path, "", "amd64", {})).toEqual({ url: path, digest: "" });
    expect(chooseImage(pathToFileURL(path).href, digest, "amd64", {})).toEqual({ url: path, digest });
    expect(chooseImage("./package.json", "", "amd64", {}).url).toBe(join(process.cwd(), "package.json"));
  });

  test("and nothing else is one", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "folder"));
    for (const given of [
      "debian-99",
      "file:///not/there",
      join(folder, "folder"),
      "ftp://example.org/a",
      "https://[",
      "file://[",
    ]) {
      expect(() => chooseImage(given, "", "amd64", {}), given).toThrow(
        expect.objectContaining({ code: "usage" }) as Error,
      );
    }
    expect(() => chooseImage("debian-99", "", "amd64", {})).toThrow(
      expect.objectContaining({
        message: 'there is no image "debian-99", and no such file',
        hint: expect.stringMatching(/^a URL, a file, or one of debian-13, debian-12, .*alpine-3.24/) as string,
      }) as Error,
    );
    expect(() => chooseImage("alpine-3.24", "", "arm64", {})).toThrow("there is no image alpine-3.24 for arm64");
  });

  test.each(["md5:0", "sha256:12", "0a".repeat(32), `sha512:${"0".repeat(64)}`])("and %s is no digest", (wrong) => {
    expect(() => chooseImage("", wrong, "amd64", {})).toThrow(expect.objectContaining({ code: "usage" }) as Error);
  });

  test("for this computer", () => {
    expect(hostArchitecture()).toBe(process.arch === "x64" ? "amd64" : process.arch);
  });
});
