import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installProgram, type Program } from "../support/program.js";

// More than a pipe holds (64 KiB).
const names = Array.from({ length: 600 }, (_, n) => `${"machine".repeat(20)}-${String(n).padStart(3, "0")}`);

describe("standard output", () => {
  let program: Program;
  beforeAll(async () => {
    program = await installProgram();
    for (const name of names) await mkdir(join(program.store, "machines", name), { recursive: true });
  });
  afterAll(() => program.remove());

  test("gets all of it in order where a pipe does not block and its reader is slow", async () => {
    // Node makes its output not block, and this pipe is that of both.
    const other = `'${process.execPath}' -e 'process.stdout; setTimeout(() => {}, 2000)'`;
    const { code, stdout, stderr } = await program.bash(
      `{ ${other} & sleep 0.5; machine ls -q; } | { sleep 1.5; cat; }`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(names.map((name) => `${name}\n`).join(""));
  });

  test("may be closed by its reader, which is no error", async () => {
    const { stdout, stderr } = await program.bash("machine ls -q | head -n 1; echo ${PIPESTATUS[0]}");
    expect({ stdout, stderr }).toEqual({ stdout: `${names[0] ?? ""}\n0\n`, stderr: "" });
  });

  test("that is full ends the program with status 1", async () => {
    expect(await program.bash("machine ls -q > /dev/full")).toMatchObject({ code: 1 });
  });
});
