import { isSystemError } from "../../src/driver/index.js";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeLeftovers, replaceFile, replaceFiles } from "../../src/store/file.js";
import { onSmallDisk, temporaryDirectory, workers } from "./support.js";

const run = promisify(execFile);
let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe("replacing a file", () => {
  it("makes it and replaces it, text and bytes alike", async () => {
    const path = join(directory, "file");
    await replaceFile(path, "first");
    await replaceFile(path, new Uint8Array([0xff, 0x00]));
    expect(await readFile(path)).toEqual(Buffer.from([0xff, 0x00]));
    expect(await readdir(directory)).toEqual(["file"]);
  });

  it("gives the mode that was asked for, whatever the umask and the file before", async () => {
    const path = join(directory, "file");
    await writeFile(path, "", { mode: 0o777 });
    const modes: number[] = [];
    for (const mode of [undefined, 0o644, 0o666]) {
      await replaceFile(path, "text", mode);
      modes.push((await stat(path)).mode & 0o777);
    }
    expect(modes).toEqual([0o600, 0o644, 0o666]);
  });

  it("leaves nothing behind when it cannot", async () => {
    await mkdir(join(directory, "taken"));
    await writeFile(join(directory, "taken", "inside"), "");
    await expect(replaceFile(join(directory, "taken"), "text")).rejects.toSatisfy((error) =>
      isSystemError(error, "EISDIR", "ENOTEMPTY"),
    );
    await expect(replaceFile(join(directory, "missing", "file"), "text")).rejects.toThrow("ENOENT");
    expect(await readdir(directory)).toEqual(["taken"]);
  });

  it("keeps files that are not in their place yet where it is told to", async () => {
    const [staging, place] = [join(directory, "staging"), join(directory, "place")];
    await Promise.all([mkdir(staging), mkdir(join(place, "taken", "full"), { recursive: true })]);
    const files = ["one", "taken"].map((name) => ({ path: join(place, name), content: name }));
    await expect(replaceFiles(files, join(directory, "missing"))).rejects.toThrow("ENOENT");
    expect(await readdir(place)).toEqual(["taken"]);
    await expect(replaceFiles(files, staging)).rejects.toThrow("taken cannot be written");
    expect(await readdir(staging)).toEqual([]);
  });

  it("removes what was left of it, and no file of another", async () => {
    const names = [`.new-file-${crypto.randomUUID()}`, ".new-ideas", "file"];
    for (const name of names) await writeFile(join(directory, name), "");
    await removeLeftovers(directory);
    expect(await readdir(directory)).toEqual([".new-ideas", "file"]);
  });

  it("keeps the old file and leaves nothing behind on a full disk", async (context) => {
    await onSmallDisk(context, directory, async (disk) => {
      const path = join(disk, "config.json");
      await replaceFile(path, "old");
      await expect(replaceFile(path, "x".repeat(200_000))).rejects.toThrow("ENOSPC");
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(disk)).toEqual(["config.json"]);
    });
  });

  it("keeps the old file in a directory that cannot be written", async (context) => {
    await onSmallDisk(context, directory, async (disk) => {
      const path = join(disk, "config.json");
      await replaceFile(path, "old");
      await run("mount", ["-o", "remount,ro", disk]);
      await expect(replaceFile(path, "new")).rejects.toThrow("EROFS");
      expect(await readFile(path, "utf8")).toBe("old");
    });
  });

  it("leaves a whole file, old or new, when the process is killed in the middle", async () => {
    const path = join(directory, "file");
    await replaceFile(path, "a".repeat(300_000));
    const { start, stop } = await workers();
    try {
      for (let round = 0; round < 10; round++) {
        const worker = start("replace", path, "a", "b");
        await worker.says("replaced");
        await sleep(round * 3);
        worker.child.kill("SIGKILL");
        await worker.end;
        expect(await readFile(path, "utf8")).toMatch(/^(a{300000}|b{300000})$/);
      }
    } finally {
      await stop();
    }
  });
});
