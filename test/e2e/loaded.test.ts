import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { finish } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

const sources = join(import.meta.dirname, "..", "..", "src", "bin.ts");

describeOnHosts("a command that a shell waits for", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
    const created = await program.machine([
      ...["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath, "web"],
    ]);
    if (created.code !== 0) throw new Error(created.stderr);
  });

  /** The files that Node loaded: its coverage lists every script, whoever asked for it. */
  async function loaded(node: readonly string[]): Promise<string[]> {
    const folder = await mkdtemp(join(program.home, "loaded-"));
    const ran = await finish(process.execPath, node, { env: { ...program.env, NODE_V8_COVERAGE: folder } });
    expect(ran).toMatchObject({ code: 0 });
    const reports = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")));
    await rm(folder, { recursive: true });
    const urls = reports.flatMap((text) =>
      (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
    );
    return [...new Set(urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url)))];
  }

  test.each(["env", "status", "ip"])("%s loads no package", async (command) => {
    const files = await loaded(["--import", import.meta.resolve("tsx"), sources, command, "web"]);
    const packages = files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
    expect(files).toContain(sources);
    expect(new Set(packages)).toEqual(
      new Set(["tsx", ...packages.filter((one) => /^(esbuild|get-tsconfig|resolve-pkg-maps)$/.test(one))]),
    );
  });

  test.each(["env", "status", "ip"])("%s loads a small part of the bundle", async (command) => {
    const files = await loaded([cli, command, "web"]);
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(files).toContain(cli);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(112_000);
  });

  /** Those of Node's own modules that a start of Node alone does not load: each takes a millisecond or more. */
  async function builtIns(...args: readonly string[]): Promise<readonly string[]> {
    const [listing, nothing] = [join(program.home, "listing.cjs"), join(program.home, "nothing.cjs")];
    await writeFile(listing, 'process.on("exit", () => console.error(process.moduleLoadList.join("\\n")));');
    await writeFile(nothing, "");
    const listed = async (...words: readonly string[]): Promise<readonly string[]> => {
      const { stderr } = await finish(process.execPath, ["-r", listing, ...words], { env: program.env });
      return stderr.split("\n").map((line) => line.replace("NativeModule ", ""));
    };
    const [alone, withUs] = [await listed(nothing), await listed(cli, ...args)];
    return withUs.filter((name) => !alone.includes(name));
  }
  const costly = ["fs/promises", "stream", "net", "crypto", "tls", "http", "https", "child_process"];

  test.each([
    [["ip", "web"], []],
    [["ls", "-q"], []],
    [
      ["status", "web"],
      ["stream", "net"],
    ],
    [
      ["env", "web"],
      ["stream", "net", "crypto", "tls"],
    ],
    [["ls"], ["stream", "net", "crypto", "tls"]],
  ])("%j loads of Node's costly modules %j", async (args, needed) => {
    const found = await builtIns(...args);
    expect(costly.filter((name) => found.includes(name))).toEqual(needed);
  });

  test("ssh, unlike them, loads ssh2", async () => {
    const files = await loaded(["--import", import.meta.resolve("tsx"), sources, "ssh", "web", "true"]);
    expect(files.some((file) => file.includes("node_modules/ssh2/"))).toBe(true);
  });
});
