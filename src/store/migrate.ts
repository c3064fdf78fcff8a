import { basename, dirname, join } from "node:path";
import { MachineError, isObject, type JsonObject } from "../driver/index.js";

/** Which machine of which store a config.json belongs to. */
export interface Place {
  readonly name: string;
  /** Absolute path of the store. */
  readonly root: string;
}

/** The version that is read and written. */
export const configVersion = 3;

/**
 * A parsed config.json of version 0 to 3 in the form of version 3, in memory only; unknown members survive.
 * Paths stay those of the store that the file was written in.
 * @throws MachineError `unsupported` for a later version, `failed` for something that is no version
 */
export function migrate(json: JsonObject, place: Place): JsonObject {
  return [fromVersion0, fromVersion1, fromVersion2]
    .slice(versionOf(json))
    .reduce((older, toNext) => toNext(older, place), json);
}

/** A file without a version is of version 0. */
export function versionOf(json: JsonObject): number {
  const version = json["ConfigVersion"] ?? 0;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 0) {
    throw new MachineError("failed", "ConfigVersion: must be a whole number");
  }
  if (version <= configVersion) return version;
  const phrase = "config version is from the future -- you should upgrade your Docker Machine client";
  throw new MachineError("unsupported", phrase, {
    hint: `it has version ${String(version)}, this program knows up to ${String(configVersion)}`,
  });
}

/** Version 1 put what was flat into HostOptions. */
function fromVersion0(json: JsonObject): JsonObject {
  const { CaCertPath, PrivateKeyPath, ServerCertPath, ServerKeyPath, ClientCertPath, ClientKeyPath, ...later } = json;
  const { SwarmHost, SwarmMaster, SwarmDiscovery, ...rest } = later;
  const host = objectIn(json, "HostOptions");
  return {
    ...rest,
    HostOptions: {
      ...host,
      EngineOptions: { TlsVerify: true, InstallURL: "https://get.docker.com", ...objectIn(host, "EngineOptions") },
      SwarmOptions: {
        Discovery: SwarmDiscovery,
        Master: SwarmMaster,
        Host: SwarmHost,
        ...objectIn(host, "SwarmOptions"),
      },
      AuthOptions: {
        CaCertPath,
        PrivateKeyPath,
        ServerCertPath,
        ServerKeyPath,
        ClientKeyPath,
        ClientCertPath,
        ...objectIn(host, "AuthOptions"),
      },
    },
  };
}

/** Version 2 renamed PrivateKeyPath, and tells where the certificates of the store are. */
function fromVersion1(json: JsonObject, place: Place): JsonObject {
  const host = objectIn(json, "HostOptions");
  const { PrivateKeyPath, ...auth } = objectIn(host, "AuthOptions");
  const store = storeOf(json["StorePath"], json, place);
  return {
    ...json,
    Name: place.name,
    HostOptions: {
      ...host,
      AuthOptions: { CertDir: join(store, "certs"), CaPrivateKeyPath: PrivateKeyPath, ...auth },
    },
  };
}

/** Version 3 tells each driver where the store is. */
function fromVersion2(json: JsonObject, place: Place): JsonObject {
  const { StorePath: machineDir, ...rest } = json;
  const driver = json["Driver"];
  return {
    ...rest,
    ConfigVersion: configVersion,
    Driver: isObject(driver) ? { ...driver, StorePath: storeOf(machineDir, json, place) } : driver,
  };
}

/**
 * The store that a file before version 3 was written in: the top-level StorePath was the machine's directory.
 * docker-machine takes `.` where it is missing, which makes relative paths; this store is the better guess.
 */
function storeOf(machineDir: unknown, json: JsonObject, { root }: Place): string {
  if (typeof machineDir === "string" && basename(dirname(machineDir)) === "machines") {
    return dirname(dirname(machineDir));
  }
  const { CertDir: certs } = objectIn(objectIn(json, "HostOptions"), "AuthOptions");
  return typeof certs === "string" && basename(certs) === "certs" ? dirname(certs) : root;
}

function objectIn(json: JsonObject, key: string): JsonObject {
  const value = json[key];
  return isObject(value) ? value : {};
}
