import { isObject } from "../driver/index.js";
import { join, posix, win32 } from "node:path";
import type { DriverState } from "../driver/index.js";
import type { AuthOptions, MachineConfig } from "./config.js";
import type { Place } from "./migrate.js";
import { machinePaths } from "./paths.js";

/**
 * The config with the paths that it has in this store, which may have been moved, copied, or made with a relative
 * `--storage-path`: what lay under the old store (Driver.StorePath) lies under this one.
 */
export function relocate(config: MachineConfig, place: Place): MachineConfig {
  const { Driver: driver, HostOptions: host } = config;
  const old = driver.StorePath;
  return {
    ...config,
    Driver: {
      ...(old === place.root ? driver : mapDriver(driver, place)),
      StorePath: place.root,
    },
    HostOptions: {
      ...host,
      AuthOptions: {
        ...mapAuth(host.AuthOptions, (path) => moved(path, old, place.root) ?? anchored(path, place.root)),
        StorePath: machinePaths(place.root, place.name).dir,
      },
    },
  };
}

/**
 * In the driver's own members only what is surely a path is one: absolute, or in the machine's directory.
 * A user may well be called like a relative store.
 */
function mapDriver(driver: DriverState, { root, name }: Place): DriverState {
  const old = driver.StorePath;
  const machineDir = pathsOf(old).join(old, "machines", name);
  const move = (text: string): string => {
    const isPath = isAbsolute(text) || inside(text, machineDir) !== undefined;
    return (isPath ? moved(text, old, root) : undefined) ?? text;
  };
  return mapText(driver, move) as DriverState;
}

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapText(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapText(member, change)]));
}

/** Of the certificates' paths all are known to be paths, but those on the machine itself are not ours. */
function mapAuth(auth: AuthOptions, change: (path: string) => string): AuthOptions {
  return {
    ...auth,
    CertDir: change(auth.CertDir),
    CaCertPath: change(auth.CaCertPath),
    CaPrivateKeyPath: change(auth.CaPrivateKeyPath),
    ServerCertPath: change(auth.ServerCertPath),
    ServerKeyPath: change(auth.ServerKeyPath),
    ClientKeyPath: change(auth.ClientKeyPath),
    ClientCertPath: change(auth.ClientCertPath),
  };
}

/** `path` as it is under `root`; undefined when it did not lie under `old`. What is relative lay under a relative store. */
function moved(path: string, old: string, root: string): string | undefined {
  const parts = path === "" || old === root ? undefined : inside(path, old);
  return parts && join(root, ...parts);
}

/** docker-machine's migration of old files left paths like `certs`. */
function anchored(path: string, root: string): string {
  return path === "" || isAbsolute(path) ? path : join(root, path);
}

/** The names that lead from `directory` to `path`; undefined when it is not in there. */
function inside(path: string, directory: string): readonly string[] | undefined {
  const paths = pathsOf(directory);
  if (directory === "" || isAbsolute(path) !== isAbsolute(directory)) return undefined;
  const way = paths.relative(directory, path);
  const parts = way.split(paths.sep);
  return parts[0] === ".." || isAbsolute(way) ? undefined : parts;
}

function isAbsolute(path: string): boolean {
  return pathsOf(path).isAbsolute(path);
}

/** A store may have been made on Windows and be used from its Linux subsystem. */
function pathsOf(path: string): typeof posix {
  return /^(?:[a-z]:)?\\|^[a-z]:\//i.test(path) ? win32 : posix;
}
