import { MachineError, type DriverState } from "../driver/index.js";
import { isObject, type JsonObject } from "./json.js";
import { machinePaths, storePaths } from "./paths.js";

/** Version 3 of config.json, which docker-machine 0.5 to 0.16 write. Field names and their order are history. */
export interface MachineConfig {
  readonly ConfigVersion: 3;
  /** The driver's state: the common fields and its own. */
  readonly Driver: DriverState;
  readonly DriverName: string;
  readonly HostOptions: HostOptions;
  readonly Name: string;
}

interface HostOptions extends Fields<typeof hostFields> {
  readonly EngineOptions: EngineOptions;
  readonly SwarmOptions: SwarmOptions;
  readonly AuthOptions: AuthOptions;
}

/** What the engine of the machine was asked to be. */
export type EngineOptions = Fields<typeof engineFields>;
/** Classic swarm, which nothing sets up any more; kept because the fields are part of the file. */
export type SwarmOptions = Fields<typeof swarmFields>;
/** Where certificates are (absolute paths); `StorePath` is the machine's directory. */
export type AuthOptions = Fields<typeof authFields>;

/** A list that was never set is null. */
type Fields<F extends Readonly<Record<string, Kind>>> = { readonly [K in keyof F]: Kinds[F[K]] };
type Kind = keyof Kinds;
interface Kinds {
  readonly text: string;
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly list: readonly string[] | null;
}

const driverFields = {
  IPAddress: "text",
  MachineName: "text",
  SSHUser: "text",
  SSHPort: "integer",
  SSHKeyPath: "text",
  StorePath: "text",
  SwarmMaster: "boolean",
  SwarmHost: "text",
  SwarmDiscovery: "text",
} as const;

const hostFields = { Driver: "text", Memory: "integer", Disk: "integer" } as const;

const engineFields = {
  ArbitraryFlags: "list",
  Dns: "list",
  GraphDir: "text",
  Env: "list",
  Ipv6: "boolean",
  InsecureRegistry: "list",
  Labels: "list",
  LogLevel: "text",
  StorageDriver: "text",
  SelinuxEnabled: "boolean",
  TlsVerify: "boolean",
  RegistryMirror: "list",
  InstallURL: "text",
} as const;

const swarmFields = {
  IsSwarm: "boolean",
  Address: "text",
  Discovery: "text",
  Agent: "boolean",
  Master: "boolean",
  Host: "text",
  Image: "text",
  Strategy: "text",
  Heartbeat: "integer",
  Overcommit: "number",
  ArbitraryFlags: "list",
  ArbitraryJoinFlags: "list",
  Env: "list",
  IsExperimental: "boolean",
} as const;

const authFields = {
  CertDir: "text",
  CaCertPath: "text",
  CaPrivateKeyPath: "text",
  CaCertRemotePath: "text",
  ServerCertPath: "text",
  ServerKeyPath: "text",
  ClientKeyPath: "text",
  ServerCertRemotePath: "text",
  ServerKeyRemotePath: "text",
  ClientCertPath: "text",
  ServerCertSANs: "list",
  StorePath: "text",
} as const;

/**
 * A parsed config.json as a MachineConfig: the same object with its unknown members and its order, but what Go would
 * read as a zero value (a member that is missing or null) is there.
 * @throws MachineError `failed` with the JSON path at fault, e.g. `HostOptions.EngineOptions.Labels: must be a list of text`
 */
export function checkConfig(json: JsonObject): MachineConfig {
  const host = members(json, "", "HostOptions");
  return {
    ...check(json, "", { DriverName: "text", Name: "text" }),
    ConfigVersion: 3,
    Driver: check(members(json, "", "Driver"), "Driver.", driverFields),
    HostOptions: {
      ...check(host, "HostOptions.", hostFields),
      EngineOptions: checkOptions(host, "EngineOptions", engineFields),
      SwarmOptions: checkOptions(host, "SwarmOptions", swarmFields),
      AuthOptions: checkOptions(host, "AuthOptions", authFields),
    },
  };
}

function checkOptions<F extends Readonly<Record<string, Kind>>>(host: JsonObject, key: string, fields: F): Fields<F> {
  return check(members(host, "HostOptions.", key), `HostOptions.${key}.`, fields);
}

function members(json: JsonObject, path: string, key: string): JsonObject {
  const value = json[key];
  if (isObject(value)) return value;
  throw new MachineError("failed", `${path}${key}: must be an object`);
}

function check<F extends Readonly<Record<string, Kind>>>(json: JsonObject, path: string, fields: F): Fields<F> {
  const checked: Record<string, unknown> = { ...json };
  for (const [key, kind] of Object.entries(fields)) {
    const { isValid, zero, name } = kinds[kind];
    const value = json[key] ?? zero;
    if (!isValid(value)) throw new MachineError("failed", `${path}${key}: must be ${name}`);
    checked[key] = value;
  }
  return checked as Fields<F>;
}

const kinds: Readonly<Record<Kind, { isValid: (value: unknown) => boolean; zero: unknown; name: string }>> = {
  text: { isValid: (value) => typeof value === "string", zero: "", name: "text" },
  integer: { isValid: Number.isSafeInteger, zero: 0, name: "a whole number" },
  number: { isValid: Number.isFinite, zero: 0, name: "a number" },
  boolean: { isValid: (value) => typeof value === "boolean", zero: false, name: "true or false" },
  list: { isValid: (value) => value === null || isTextList(value), zero: null, name: "a list of text" },
};

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** What a config.json of a new machine is made from; what is left out is as docker-machine's `create` has it. */
export interface NewMachine {
  readonly name: string;
  /** Absolute path of the store. */
  readonly root: string;
  readonly driverName: string;
  readonly driver: DriverState;
  readonly engine?: Partial<EngineOptions>;
  readonly swarm?: Partial<SwarmOptions>;
  /** More names and addresses for the engine's certificate. */
  readonly serverCertSANs?: readonly string[];
  /** Certificates that are used in place of the store's. */
  readonly tls?: Partial<Pick<AuthOptions, "CaCertPath" | "CaPrivateKeyPath" | "ClientCertPath" | "ClientKeyPath">>;
}

export function newConfig({
  name,
  root,
  driverName,
  driver,
  engine,
  swarm,
  serverCertSANs = [],
  tls,
}: NewMachine): MachineConfig {
  return {
    ConfigVersion: 3,
    Driver: driver,
    DriverName: driverName,
    HostOptions: {
      Driver: "",
      Memory: 0,
      Disk: 0,
      EngineOptions: { ...newEngine, ...engine },
      SwarmOptions: { ...newSwarm, ...swarm },
      AuthOptions: { ...newAuth(root, name), ...tls, ServerCertSANs: serverCertSANs },
    },
    Name: name,
  };
}

const newEngine: EngineOptions = {
  ArbitraryFlags: [],
  Dns: null,
  GraphDir: "",
  Env: [],
  Ipv6: false,
  InsecureRegistry: [],
  Labels: [],
  LogLevel: "",
  StorageDriver: "",
  SelinuxEnabled: false,
  TlsVerify: true,
  RegistryMirror: [],
  InstallURL: "https://get.docker.com",
};

const newSwarm: SwarmOptions = {
  IsSwarm: false,
  Address: "",
  Discovery: "",
  Agent: false,
  Master: false,
  Host: "tcp://0.0.0.0:3376",
  Image: "swarm:latest",
  Strategy: "spread",
  Heartbeat: 0,
  Overcommit: 0,
  ArbitraryFlags: [],
  ArbitraryJoinFlags: [],
  Env: null,
  IsExperimental: false,
};

function newAuth(root: string, name: string): AuthOptions {
  const { certs } = storePaths(root);
  const machine = machinePaths(root, name);
  return {
    CertDir: certs.dir,
    CaCertPath: certs.ca,
    CaPrivateKeyPath: certs.caKey,
    CaCertRemotePath: "",
    ServerCertPath: machine.serverCert,
    ServerKeyPath: machine.serverKey,
    ClientKeyPath: certs.key,
    ServerCertRemotePath: "",
    ServerKeyRemotePath: "",
    ClientCertPath: certs.cert,
    ServerCertSANs: [],
    StorePath: machine.dir,
  };
}
