import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { putConfig } from "../store/support.js";
import type { Finished } from "../support/command.js";
import { installProgram, type Program } from "../support/program.js";

const count = 200;

describe("a program that cannot write or ask", () => {
  let program: Program;
  beforeAll(async () => {
    program = await installProgram();
    expect(await program.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "m0"])).toMatchObject({
      code: 0,
    });
  });
  beforeEach(async () => {
    const text = await readFile(join(program.store, "machines", "m0", "config.json"), "utf8");
    for (let n = 1; n < count; n++) {
      const name = `m${String(n)}`;
      await putConfig(
        program.store,
        name,
        text.replaceAll(/"m0"/g, `"${name}"`).replaceAll("machines/m0", `machines/${name}`),
      );
    }
  });
  afterAll(() => program.remove());

  const names = async (): Promise<readonly string[]> =>
    (await readdir(join(program.store, "machines"))).filter((name) => /^m\d+$/.test(name));

  /** Runs a line of bash and tells the status of `machine` in it, and what it said beside results. */
  async function status(line: string): Promise<{ code: string; stderr: string }> {
    const { stdout, stderr }: Finished = await program.bash(`${line}; echo "status \${PIPESTATUS[0]}"`);
    return { code: /status (\d+)\n$/.exec(stdout)?.[1] ?? "", stderr };
  }

  const quiet = { code: "0", stderr: "" };
  /** More for each machine than a pipe takes for all. */
  const long = `'{{.Name}} ${"x".repeat(1_000)}'`;

  test.each([
    ["machine ls | head -1"],
    ["machine ls -q | head -1"],
    ["machine ls -f LONG | head -1"],
    ["machine ls -f LONG | true"],
    ["{ sleep 1; machine ls -q; } | true"],
    ["{ sleep 1; machine inspect m1; } | true"],
    ["{ sleep 1; machine help; } | true"],
    ["machine ls -q >&-"],
    ["machine ls -q <&-"],
    ["machine inspect m1 2>&- >/dev/null"],
  ])("ends quietly when nobody reads: %s", async (line) => {
    expect(await status(line.replace("LONG", long))).toEqual(quiet);
  });

  test.each([
    ["{ sleep 1; machine rm -y m1 m2; } | true"],
    ["{ sleep 1; machine rm -y m1 m2; } 2>&1 | true"],
    ["machine rm -y m1 m2 >&- 2>&-"],
  ])("does what it has begun although nobody reads: %s", async (line) => {
    expect(await status(line)).toEqual(quiet);
    expect(await names()).toHaveLength(count - 2);
  });

  test("does not lose its exit status with its stderr", async () => {
    for (const line of [
      "machine ip nosuch 2>&-",
      "machine ip nosuch 2>/dev/full",
      "{ sleep 1; machine ip nosuch; } 2>&1 | true",
    ]) {
      expect(await status(line)).toEqual({ code: "1", stderr: "" });
    }
  });

  test("makes a machine although nobody reads what it tells meanwhile", async () => {
    const line = "{ sleep 1; machine create -d none --url tcp://127.0.0.1:1 late; } 2>&1 | true";
    expect(await status(line)).toEqual(quiet);
    expect(await program.machine(["url", "late"])).toMatchObject({ code: 0, stdout: "tcp://127.0.0.1:1\n" });
    expect(await program.machine(["rm", "-y", "late"])).toMatchObject({ code: 0 });
  });

  test("says that a full disk took its results, and has done its work all the same", async () => {
    const lost = { code: "1", stderr: "The output could not be written: ENOSPC: no space left on device, write\n" };
    expect(await status("machine ls -q >/dev/full")).toEqual(lost);
    expect(await status("machine rm -y m1 >/dev/full")).toEqual(lost);
    expect(await names()).toHaveLength(count - 1);
  });

  test.each(["</dev/null", "<&-"])("says which flag takes the place of an answer with %s", async (input) => {
    expect(await status(`machine rm m1 m2 ${input}`)).toEqual({
      code: "0",
      stderr: "Nobody answered: nothing is removed. Without a question: machine rm -y m1 m2\n",
    });
    expect(await names()).toHaveLength(count);
    expect(await status(`machine regenerate-certs m1 ${input}`)).toEqual({
      code: "1",
      stderr: "EOF\nhint: nobody answered; without a question: machine regenerate-certs -f m1\n",
    });
  });
});
