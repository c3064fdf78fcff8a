import { isObject } from "../../driver/index.js";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as contract from "../../driver/index.js";
import { parseJson } from "../../store/json.js";

const { contractVersion, MachineError, messageOf, templatesFolder } = contract;

/** A package named `machine-driver-NAME` as its package.json has it. Nothing of it has been run. */
export interface DriverPackage {
  /** Of the driver: `NAME`. */
  readonly name: string;
  /** For people: `machine-driver-NAME 1.2.0`. */
  readonly title: string;
  readonly version: string;
  readonly folder: string;
  /** The version of the contract that it was made for; undefined: it does not say. */
  readonly contract: number | undefined;
  /** Its module, within the folder. */
  readonly main: string;
}

const prefix = "machine-driver-";
const pattern = /^[a-z0-9][a-z0-9-]*$/;

/** The driver that a package of that name has; undefined: none. */
export function driverNameIn(packageName: string): string | undefined {
  const name = packageName.slice(prefix.length);
  return packageName.startsWith(prefix) && pattern.test(name) ? name : undefined;
}

/** The drivers of all packages in the store's folder `plugins` and beside the program, in no order, some twice. */
export async function outsideNames(plugins: string): Promise<readonly string[]> {
  const [own, others] = await Promise.all([entriesOf(plugins), programNeighbours().then(entriesOf)]);
  return [...own.filter((name) => pattern.test(name)), ...others.flatMap((one) => driverNameIn(one) ?? [])];
}

/** The store's own package of that driver, else the one beside the program. @throws MachineError `failed` for a broken one */
export async function findPackage(name: string, plugins: string): Promise<DriverPackage | undefined> {
  if (!pattern.test(name)) return undefined;
  return (
    (await packageIn(join(plugins, name, "node_modules"), name)) ?? (await packageIn(await programNeighbours(), name))
  );
}

/** The package of a driver in a folder `node_modules`. @throws MachineError `failed` for a broken one */
export async function packageIn(modules: string, name: string): Promise<DriverPackage | undefined> {
  const folder = join(modules, prefix + name);
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const {
      version,
      machineDriverContract: made,
      main = "index.js",
    } = parseJson(text) as Readonly<Record<string, unknown>>;
    const contract = Number.isInteger(made) ? Number(made) : undefined;
    return {
      name,
      title: `${prefix}${name} ${String(version)}`,
      version: String(version),
      folder,
      contract,
      main: String(main),
    };
  } catch (cause) {
    throw new MachineError("failed", `the package.json of ${prefix}${name} cannot be read: ${messageOf(cause)}`, {
      hint: `add it anew: machine driver add ${prefix}${name}`,
      cause,
    });
  }
}

/** @throws MachineError `unsupported` where the package was made for another version of the contract */
export function checkContract({ name, title, contract: made }: DriverPackage): void {
  if (made === contractVersion) return;
  if (made === undefined) {
    throw new MachineError("unsupported", `${title} does not say which driver contract it was made for`, {
      hint: `its package.json needs "machineDriverContract": ${String(contractVersion)}`,
    });
  }
  const ours = `this program supports ${String(contractVersion)}`;
  throw new MachineError("unsupported", `${title} was made for driver contract ${String(made)}; ${ours}`, {
    hint: made > contractVersion ? "update this program" : `update the driver: machine driver add ${prefix}${name}`,
  });
}

/**
 * Runs the package: its module exports by default a function that is given the contract, so that it needs no copy of it,
 * and returns the driver.
 * @throws MachineError that names the package, for whatever it does instead
 */
export async function loadPackage(found: DriverPackage): Promise<contract.Driver> {
  checkContract(found);
  const { name, title, folder, main } = found;
  try {
    const { default: make } = (await import(pathToFileURL(join(folder, main)).href)) as {
      readonly default?: (given: typeof contract) => unknown;
    };
    if (typeof make !== "function") throw new Error("its default export is no function");
    const driver = await make(contract);
    if (!isDriver(driver)) throw new Error("its function returns no driver");
    if (driver.name !== name) throw new Error(`its driver is called ${driver.name}, not ${name}`);
    return driver;
  } catch (cause) {
    throw new MachineError("failed", `${title} cannot be loaded: ${messageOf(cause)}`, {
      hint: `another version may do: machine driver add ${prefix}${name}`,
      cause,
    });
  }
}

function isDriver(made: unknown): made is contract.Driver {
  if (!isObject(made) || !isObject(made["options"]) || !Array.isArray(made["create"])) return false;
  const methods = ["plan", "inspect", "remove", "access"].map((method) => typeof made[method]);
  return (
    typeof made["name"] === "string" &&
    typeof made["summary"] === "string" &&
    methods.every((one) => one === "function")
  );
}

/** The folder `node_modules` that the program is in; where it is in none, one that is not there. */
async function programNeighbours(): Promise<string> {
  const program = dirname(await templatesFolder(import.meta.dirname));
  const around = dirname(program);
  return basename(around) === "node_modules" ? around : join(program, "no-neighbours");
}

function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
