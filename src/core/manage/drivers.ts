import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MachineError, whileDoing } from "../../driver/index.js";
import { makeDirectory } from "../../store/file.js";
import { providerIo } from "../session/io.js";
import {
  checkContract,
  driverNameIn,
  findPackage,
  loadPackage,
  packageIn,
  type DriverPackage,
} from "../session/outside.js";
import { isBuiltIn } from "../session/registry.js";
import type { Session } from "../session/session.js";

/**
 * Gets a driver's package by npm, without running anything of it, and once it is agreed to loads it and puts it into the
 * store, in place of an earlier version. What fails leaves the store as it was.
 * @param spec as npm takes it: a package, a tarball or a folder, which is copied
 * @param agree rejects where the package is not wanted
 */
export function addDriver(
  session: Session,
  spec: string,
  agree: (found: DriverPackage) => Promise<void>,
): Promise<DriverPackage> {
  const { plugins } = session.store.paths;
  const fresh = join(plugins, ".new");
  return session.store.lockNamed("plugins", async () => {
    await makeDirectory(plugins);
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    try {
      await install(session, fresh, spec);
      const found = await installedIn(fresh, spec);
      checkContract(found);
      await agree(found);
      await loadPackage(found);
      const folder = join(plugins, found.name);
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder);
      return { ...found, folder: found.folder.replace(fresh, folder) };
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  });
}

async function install(session: Session, folder: string, spec: string): Promise<void> {
  const isFile = spec.startsWith(".") || (/\.(tgz|tar\.gz)$/.test(spec) && !spec.includes("://"));
  const flags = ["--ignore-scripts", "--install-links", "--omit=dev", "--omit=peer", "--no-package-lock"];
  const quietly = ["--save", "--no-audit", "--no-fund", "--no-update-notifier"];
  await providerIo(session)
    .run("npm", ["install", "--prefix", folder, ...flags, ...quietly, "--", isFile ? resolve(spec) : spec])
    .catch((error: unknown) => {
      throw whileDoing(`${spec} is not added`, error);
    });
}

/** @throws MachineError `failed` for a package that has no driver, or one of the program's */
async function installedIn(folder: string, spec: string): Promise<DriverPackage> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly dependencies?: object;
  };
  const [id = spec] = Object.keys(manifest.dependencies ?? {});
  const name = driverNameIn(id);
  const found = name === undefined ? undefined : await packageIn(join(folder, "node_modules"), name);
  if (found === undefined) {
    throw new MachineError("failed", `${id} is no driver: the package of one is called machine-driver-NAME`);
  }
  if (!isBuiltIn(found.name)) return found;
  throw new MachineError("failed", `the driver ${found.name} is a part of this program: no package takes its place`);
}

/** Takes a driver's package out of the store. @throws MachineError `failed` for one that machines need; `not-found` */
export async function removeDriver({ store }: Session, name: string): Promise<void> {
  if (isBuiltIn(name)) throw new MachineError("failed", `the driver ${name} is a part of this program`);
  const { plugins } = store.paths;
  const found = await findPackage(name, plugins);
  if (found === undefined) {
    throw new MachineError("not-found", `there is no driver ${name}`, { hint: "machine driver ls lists all" });
  }
  const folder = join(plugins, name);
  if (!found.folder.startsWith(folder)) {
    throw new MachineError("failed", `${found.title} is not in the store: it is in ${found.folder}`, {
      hint: `npm uninstall -g machine-driver-${name}`,
    });
  }
  const users = (await store.list()).filter((one) => "config" in one && one.config.DriverName === name);
  if (users.length > 0) {
    const names = users.map((one) => one.name).join(" ");
    throw new MachineError("failed", `machines need the driver ${name}: ${names}`, { hint: `machine rm ${names}` });
  }
  await store.lockNamed("plugins", () => rm(folder, { recursive: true, force: true }));
}
