import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/vm/catalogue.js";
import { startFileServer } from "../vm/file-server.js";
import { digestOfBytes, noise } from "../vm/support.js";
import { linesOf, newHome, putGeneric, type Home } from "./support.js";

const bytes = noise(1_600_000);
const digest = digestOfBytes(bytes);
const short = `sha256-${digest.slice(7, 23)}`;

/** A machine whose disk is made of an image. */
async function putMachine(home: Home, name: string, ImageDigest: string, ImageURL = "https://x"): Promise<void> {
  await putGeneric(home, name, 1, (config) => ({ ...config, Driver: { ...config.Driver, ImageDigest, ImageURL } }));
}

/** Cells of a table's line. */
function cells(line = ""): readonly string[] {
  return line.split(/ {2,}/);
}

describe("machine image ls", () => {
  test("shows the catalogue, where nothing is here yet", async () => {
    const home = await newHome();
    const { code, stdout, stderr } = await home.machine(["image", "ls"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, ...rows] = linesOf({ stdout });
    expect(cells(head)).toEqual(["NAME", "ARCH", "CACHED", "DIGEST", "USED BY"]);
    expect(rows.map((row) => cells(row).slice(0, 3))).toEqual(
      catalogue.map(({ name, architecture }) => [name, architecture, "-"]),
    );
    expect(cells(rows[0])).toEqual(["debian-13", "amd64", "-", "sha512-6f0f93335bdef4cc", "-"]);
  });

  test("shows what else is here, and the machines that use it", async () => {
    const home = await newHome();
    const { url } = await startFileServer(bytes);
    await home.machine(["image", "pull", `${url}/a/disk.img?key=secret`]);
    await putMachine(home, "web", digest);
    await putMachine(home, "db", digest);
    await putMachine(home, "old", catalogue[1]?.digest ?? "");
    const rows = linesOf(await home.machine(["image", "ls"])).map(cells);
    expect(rows.at(-1)).toEqual(["disk.img", "-", "2 MB", short, "db web"]);
    expect(rows[2]?.at(-1)).toBe("old");
  });
});

describe("machine image pull", () => {
  test("prints where the image is, and which digest pins it", async () => {
    const home = await newHome();
    const { url } = await startFileServer(bytes);
    const { code, stdout, stderr } = await home.machine(["image", "pull", `${url}/disk.img`]);
    expect(code).toBe(0);
    expect(stdout).toBe(`${join(home.store, "cache", "images", short, "image")}\n`);
    expect(bytes.equals(await readFile(stdout.trim()))).toBe(true);
    expect(stderr).toContain("(disk.img) Get the image...");
    expect(stderr).toContain(`--digest ${digest}`);
    const again = await home.machine(["image", "pull", "--digest", digest, `${url}/disk.img`]);
    expect(again).toMatchObject({ code: 0, stdout });
    expect(again.stderr).not.toContain("--digest");
  });

  test("of a wrong digest fails with both, also in JSON", async () => {
    const home = await newHome();
    const { url } = await startFileServer(bytes);
    const wrong = `sha256:${"0".repeat(64)}`;
    const { code, stdout, stderr } = await home.machine([
      "--json",
      "image",
      "pull",
      "--digest",
      wrong,
      `${url}/disk.img`,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const { error } = JSON.parse(linesOf({ stdout: stderr }).at(-1) ?? "") as { error: { output: string } };
    expect(error.output).toBe(`expected ${wrong}\nfound    ${digest}`);
  });

  test.each([
    [["pull", "debian-99"], 'there is no image "debian-99"'],
    [["pull", "--digest", "1", "debian-13"], '"1" is no digest of an image'],
    [["pull", "a", "b"], "too many arguments"],
    [["ls", "a"], "too many arguments"],
    [["prune", "--digest", digest], "--digest is for pull"],
    [["make"], "image can ls, pull or prune"],
    [[], "image can ls, pull or prune"],
  ])("and what is no such command is wrong usage: %j", async (words, message) => {
    const home = await newHome();
    const { code, stderr } = await home.machine(["image", ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("machine image prune", () => {
  test("removes what no machine uses, and says what and how much", async () => {
    const home = await newHome();
    const [used, unused] = [await startFileServer(bytes), await startFileServer(noise(3_000_000))];
    await home.machine(["image", "pull", "--digest", digest, `${used.url}/used.img`]);
    await home.machine(["image", "pull", `${unused.url}/unused.img`]);
    await putMachine(home, "web", digest);
    const { code, stdout, stderr } = await home.machine(["image", "prune"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `Removed ${unused.url}/unused.img (3 MB)\n`,
      stderr: "3 MB are free again.\n",
    });
    expect(await home.machine(["image", "prune"])).toMatchObject({
      stdout: "",
      stderr: "There is nothing to remove.\n",
    });
    const rows = linesOf(await home.machine(["image", "ls"])).map(cells);
    expect(rows.at(-1)).toEqual(["used.img", "-", "2 MB", short, "web"]);
  });

  test("leaves what a machine may use that has not got its image yet", async () => {
    const home = await newHome();
    const { url } = await startFileServer(bytes);
    await home.machine(["image", "pull", `${url}/disk.img`]);
    await putMachine(home, "web", "");
    const ran = await home.machine(["image", "prune"]);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain("A machine is not complete");
    await putMachine(home, "web", "", "");
    expect((await home.machine(["image", "prune"])).stdout).toBe(`Removed ${url}/disk.img (2 MB)\n`);
  });

  test("leaves all where the state of a machine cannot be read", async () => {
    const home = await newHome();
    const { url } = await startFileServer(bytes);
    await home.machine(["image", "pull", "--digest", digest, `${url}/disk.img`]);
    await putGeneric(home, "web", 1, () => ({}));
    const ran = await home.machine(["image", "prune"]);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain("config.json is broken");
  });
});
