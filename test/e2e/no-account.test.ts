import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { finish, type Finished } from "../support/command.js";
import { describeOnHosts } from "../support/lab.js";
import { cli } from "../support/program.js";

/** As a container does that is given a number nobody has, e.g. by `docker run -u` or OpenShift. */
async function asNobody(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished> {
  const folder = await mkdtemp(join(tmpdir(), "machine-package-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = dirname(dirname(cli));
  for (const part of ["dist", "templates", "package.json"]) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  await chmod(folder, 0o777);
  const { PATH = "" } = process.env;
  const program = [process.execPath, join(folder, "dist", "cli.cjs"), ...args];
  return finish("setpriv", ["--reuid", "12345", "--regid", "12345", "--clear-groups", ...program], {
    env: { PATH, MACHINE_STORAGE_PATH: join(folder, "store"), ...env },
  });
}

describeOnHosts("a user without an account", () => {
  test("may have no home either, where the store is named", async () => {
    const created = await asNobody({}, "create", "-d", "none", "--url", "tcp://192.0.2.7:2375", "web");
    expect(created).toMatchObject({ code: 0 });
    expect(await asNobody({}, "ls", "-q")).toMatchObject({ code: 0, stderr: "" });
  });

  test("and without a home is told to name the store", async () => {
    expect(await asNobody({ MACHINE_STORAGE_PATH: "" }, "ls")).toEqual({
      code: 1,
      stdout: "",
      stderr: "this user has no home directory\nhint: set HOME, or give the store a directory: --storage-path DIR\n",
    });
  });
});
