import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish, output } from "./support/command.js";

const root = join(import.meta.dirname, "..");

describe("the package that is published", () => {
  let folder: string;
  let files: readonly string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "machine-package-"));
    const packed = await output("npm", ["pack", "--json", "--silent", "--pack-destination", folder, root]);
    const [report] = JSON.parse(packed.slice(packed.indexOf("["))) as [{ filename: string; files: { path: string }[] }];
    files = report.files.map(({ path }) => path);
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await output("npm", ["install", "--silent", "--offline", "--prefix", folder, join(folder, report.filename)]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("holds the program, its templates and no test", () => {
    const folders = new Set(files.map((file) => file.split("/")[0]));
    expect(folders).toEqual(new Set(["dist", "templates", "package.json", "README.md", "LICENSE"]));
  });

  test("installs no other package", async () => {
    const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as { packages: object };
    expect(Object.keys(lock.packages)).toEqual(["", "node_modules/machine"]);
  });

  test("gives the program both names", async () => {
    for (const name of ["machine", "docker-machine"]) {
      const program = join(folder, "node_modules", ".bin", name);
      expect(await output(program, ["--version"])).toMatch(/^docker-machine version \d+\.\d+\.\d+, build /);
      expect((await finish(program, ["--help"])).stdout).toMatch(new RegExp(`^Usage: ${name} `));
    }
  });

  test("lets an outside driver be written and checked", async () => {
    await writeFile(
      join(folder, "outside.ts"),
      `import { defineDriver, text } from "machine/driver";
       import { driverChecks } from "machine/driver-test";
       const driver = defineDriver({
         name: "outside", summary: "A driver of another package", options: { url: text({ help: "Where it is" }) },
         plan: async ({ url }, { common }) => ({ ...common, IPAddress: url ?? "" }),
         create: [], inspect: async () => ({ status: "missing" }), remove: async () => {},
         access: ({ IPAddress }) => ({ docker: \`tcp://\${IPAddress}:2376\` }),
       });
       for (const { name, run } of driverChecks(driver, { options: { url: "192.0.2.7" }, refused: [] })) {
         await run();
         console.log(name);
       }`,
    );
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const options = ["--ignoreConfig", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    await output(tsc, [...options, "--typeRoots", join(root, "node_modules", "@types"), join(folder, "outside.ts")]);
    const ran = await output(process.execPath, [join(folder, "outside.js")]);
    expect(ran.split("\n").length).toBeGreaterThan(8);
  });
});
