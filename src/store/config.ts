import { MachineError, type DriverState, isObject, type JsonObject } from "../driver/index.js";
import { isTextList } from "./json.js";
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

/** A member of these objects. */
interface Field<T> {
  /** What it must be, for errors. */
  readonly name: string;
  readonly isValid: (value: unknown) => boolean;
  /** What Go reads where it is missing or null. */
  readonly zero: T;
  /** What a new machine has. */
  readonly initial: T;
}
type AnyFields = Readonly<Record<string, Field<unknown>>>;
type Fields<F extends AnyFields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

function kind<T>(name: string, zero: T, isValid: Field<T>["isValid"]): (initial?: T) => Field<T> {
  return (initial = zero) => ({ name, isValid, zero, initial });
}

const text = kind<string>("text", "", (value) => typeof value === "string");
const integer = kind<number>("a whole number", 0, Number.isSafeInteger);
const number = kind<number>("a number", 0, Number.isFinite);
const boolean = kind<boolean>("true or false", false, (value) => typeof value === "boolean");
/** A list that was never set is null. */
const list = kind<readonly string[] | null>("a list of text", null, (value) => value === null || isTextList(value));

const driverFields = {
  IPAddress: text(),
  MachineName: text(),
  SSHUser: text(),
  SSHPort: integer(),
  SSHKeyPath: text(),
  StorePath: text(),
  SwarmMaster: boolean(),
  SwarmHost: text(),
  SwarmDiscovery: text(),
};

const hostFields = { Driver: text(), Memory: integer(), Disk: integer() };

const engineFields = {
  ArbitraryFlags: list([]),
  Dns: list(),
  GraphDir: text(),
  Env: list([]),
  Ipv6: boolean(),
  InsecureRegistry: list([]),
  Labels: list([]),
  LogLevel: text(),
  StorageDriver: text(),
  SelinuxEnabled: boolean(),
  TlsVerify: boolean(true),
  RegistryMirror: list([]),
  InstallURL: text("https://get.docker.com"),
};

const swarmFields = {
  IsSwarm: boolean(),
  Address: text(),
  Discovery: text(),
  Agent: boolean(),
  Master: boolean(),
  Host: text("tcp://0.0.0.0:3376"),
  Image: text("swarm:latest"),
  Strategy: text("spread"),
  Heartbeat: integer(),
  Overcommit: number(),
  ArbitraryFlags: list([]),
  ArbitraryJoinFlags: list([]),
  Env: list(),
  IsExperimental: boolean(),
};

const authFields = {
  CertDir: text(),
  CaCertPath: text(),
  CaPrivateKeyPath: text(),
  CaCertRemotePath: text(),
  ServerCertPath: text(),
  ServerKeyPath: text(),
  ClientKeyPath: text(),
  ServerCertRemotePath: text(),
  ServerKeyRemotePath: text(),
  ClientCertPath: text(),
  ServerCertSANs: list([]),
  StorePath: text(),
};

/**
 * A parsed config.json as a MachineConfig: the same object with its unknown members and its order, but what Go would
 * read as a zero value (a member that is missing or null) is there.
 * @throws MachineError `failed` with the JSON path at fault, e.g. `HostOptions.EngineOptions.Labels: must be a list of text`
 */
export function checkConfig(json: JsonObject): MachineConfig {
  const host = members(json, "", "HostOptions");
  return {
    ...check(json, "", { DriverName: text(), Name: text() }),
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

function checkOptions<F extends AnyFields>(host: JsonObject, key: string, fields: F): Fields<F> {
  return check(members(host, "HostOptions.", key), `HostOptions.${key}.`, fields);
}

function members(json: JsonObject, path: string, key: string): JsonObject {
  const value = json[key];
  if (isObject(value)) return value;
  throw new MachineError("failed", `${path}${key}: must be an object`);
}

function check<F extends AnyFields>(json: JsonObject, path: string, fields: F): Fields<F> {
  const checked: Record<string, unknown> = { ...json };
  for (const [key, { isValid, zero, name }] of Object.entries(fields)) {
    const value = json[key] ?? zero;
    if (!isValid(value)) throw new MachineError("failed", `${path}${key}: must be ${name}`);
    checked[key] = value;
  }
  return checked as Fields<F>;
}

function initial<F extends AnyFields>(fields: F): Fields<F> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.initial])) as Fields<F>;
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

export function newConfig(machine: NewMachine): MachineConfig {
  const { name, root, driverName, driver, engine, swarm, serverCertSANs = [], tls } = machine;
  return {
    ConfigVersion: 3,
    Driver: driver,
    DriverName: driverName,
    HostOptions: {
      ...initial(hostFields),
      EngineOptions: { ...initial(engineFields), ...engine },
      SwarmOptions: { ...initial(swarmFields), ...swarm },
      AuthOptions: { ...newAuth(root, name), ...tls, ServerCertSANs: serverCertSANs },
    },
    Name: name,
  };
}

function newAuth(root: string, name: string): AuthOptions {
  const { certs } = storePaths(root);
  const machine = machinePaths(root, name);
  return {
    ...initial(authFields),
    CertDir: certs.dir,
    CaCertPath: certs.ca,
    CaPrivateKeyPath: certs.caKey,
    ServerCertPath: machine.serverCert,
    ServerKeyPath: machine.serverKey,
    ClientKeyPath: certs.key,
    ClientCertPath: certs.cert,
    StorePath: machine.dir,
  };
}
