import type { Check } from "./check.js";
import type { Io, ShellTarget } from "./io.js";
import type { DriverState, Inspection, Machine } from "./machine.js";
import type { Options, Values } from "./option.js";
import type { Step } from "./step.js";
import type { Transport } from "./transport.js";

/**
 * Version of this contract. It rises when drivers that were made for the last one would not work any more; the package of
 * an outside driver says in its package.json which one it was made for: `"machineDriverContract": 1`.
 */
export const contractVersion = 1;

/** How a machine is reached. No shell: it cannot be provisioned. */
export interface Access {
  /** URL of its engine, e.g. `tcp://192.0.2.7:2376`. */
  readonly docker: string;
  /** Port that the engine listens on, where one is forwarded to it. Default: that of `docker`. */
  readonly enginePort?: number;
  readonly shell?: ShellTarget;
  /**
   * Where the other machines on its network reach it, and the port of the engine there. Undefined: there is no such
   * network, or it is not known.
   */
  readonly peer?: { readonly address: string; readonly port: number };
}

/**
 * Makes and controls machines. A verb that is left out cannot be done on this driver's machines;
 * a missing `restart` becomes `stop` and `start`. Nothing is mutated: a method returns what changed.
 * A driver imports this module's folder and its own, and heavy packages only inside its methods.
 */
export interface Driver<O extends Options = Options, S extends DriverState = DriverState> {
  readonly name: string;
  /** One line for the wizard and the docs. */
  readonly summary: string;
  readonly options: O;

  /** Checks everything that can be checked and changes nothing. Returns the state to start from. */
  plan(options: Values<O>, machine: MachinePlan, io: Io): Promise<S>;
  /**
   * What machines with these options need of this computer and of the provider, by the functions that `plan` checks
   * with. An option that must be given may be missing. Where nobody wants the driver, a program that is not installed
   * ({@link isNotInstalled}) is no problem.
   */
  doctor?(options: Values<O>): Promise<readonly Check[]>;
  readonly create: readonly Step<S>[];
  /**
   * The calls by which `create` would change something at the provider, in order, where all goes well. Changes nothing;
   * no secret is in them.
   */
  dryRunCalls?(machine: Machine<S>, io: Io): Promise<readonly ProviderCall[]>;
  /** Asks the provider. Never throws for a machine that is gone: that is `missing`. */
  inspect(machine: Machine<S>, io: Io): Promise<Inspection<S>>;
  /** Succeeds when it is already gone. */
  remove(machine: Machine<S>, io: Io): Promise<void>;
  /**
   * The same for several machines, by name, where the provider can tell of many at once. One that it leaves out is
   * asked for alone; when it throws, that is said of each.
   */
  inspectAll?(machines: readonly Machine<S>[], io: Io): Promise<ReadonlyMap<string, Inspection<S>>>;
  /** All that the provider has of a store, whether the store still knows of it or not. `storeId`: see {@link MachinePlan.storeId}. */
  listResources?(options: Values<O>, storeId: string, io: Io): Promise<readonly Resource[]>;
  /**
   * For stores of docker-machine, which saved credentials: what takes them out of the state, once others have been seen
   * to do. Undefined: there are none in it.
   */
  scrub?(machine: Machine<S>, io: Io): Promise<Partial<S> | undefined>;
  /** From saved state only: no process, no network, no heavy import. */
  access(state: Readonly<S>): Access;
  /** File on this computer with all that the machine's serial console has printed since it was started last. */
  console?(machine: Machine<S>): string;
  readonly snapshots?: Snapshots<S>;

  /** What is said of a verb that is left out; default: "NAME driver does not support VERB". */
  unsupportedMessage?(verb: PowerAction): string;
  /**
   * Starts a machine that is stopped, and lets one go on that is paused. As for all verbs:
   * - It may return as soon as the provider has taken it: core asks `inspect` until it is so, and the engine after that.
   * - It is never called twice at once for one machine.
   * - On a machine that is so already it succeeds and changes nothing: one that runs is left running.
   * @returns what changed in the state, e.g. a new port
   * @throws MachineError `not-found` for a machine that is gone
   */
  start?(machine: Machine<S>, io: Io): Promise<Partial<S> | void>;
  /** Has the machine's system end by itself; switches off one that does not heed it. Its disk stays. See {@link start}. */
  stop?(machine: Machine<S>, io: Io): Promise<Partial<S> | void>;
  /** Switches the machine off without asking its system. Its disk stays. See {@link start}. */
  kill?(machine: Machine<S>, io: Io): Promise<Partial<S> | void>;
  /**
   * Has the system of a machine that runs start anew. Once it returns, nothing that answers is of the old run: `inspect`
   * cannot tell one from the other. See {@link start} for the rest.
   */
  restart?(machine: Machine<S>, io: Io): Promise<Partial<S> | void>;
}

/** States of a machine that are kept, by name, so that it can be brought back to them. */
export interface Snapshots<S extends DriverState = DriverState> {
  /** In the order in which they were saved. */
  list(machine: Machine<S>, io: Io): Promise<readonly Snapshot[]>;
  /** Of a machine that runs: with its memory. @throws MachineError `exists` for a name that is taken */
  save(machine: Machine<S>, name: string, io: Io): Promise<void>;
  /**
   * The machine runs afterwards, or is stopped, as it was when the snapshot was saved; what it was until now is lost.
   * @throws MachineError `not-found`
   */
  restore(machine: Machine<S>, name: string, io: Io): Promise<Partial<S> | void>;
  /** @throws MachineError `not-found` */
  remove(machine: Machine<S>, name: string, io: Io): Promise<void>;
}

export interface Snapshot {
  readonly name: string;
  /** Milliseconds since 1970; undefined where the provider does not say. */
  readonly at: number | undefined;
  readonly hasMemory: boolean;
}

export type PowerAction = "start" | "stop" | "kill" | "restart";

/** A call to a provider's API. */
export interface ProviderCall {
  /** The provider's word, e.g. `RunInstances`. */
  readonly action: string;
  /** As its API names them. What cannot be known yet stands in parentheses, e.g. `(random)`. */
  readonly parameters: object;
}

/** Something at a provider that was made for a store. */
export interface Resource {
  /** The provider's word, e.g. `instance`. */
  readonly kind: string;
  readonly id: string;
  /** Name of the machine that it was made for; undefined: for several. */
  readonly machine: string | undefined;
  /** What else helps to know it, e.g. `us-east-1, t3.small, since 2026-11-24`. */
  readonly about: string;
  /** Succeeds when it is gone. */
  remove(io: Io): Promise<void>;
}

/** A machine that does not exist yet: `common` holds the state's common fields with their defaults. */
export interface MachinePlan {
  readonly name: string;
  readonly dir: string;
  /** Id of the store, for marking what is made at a provider, so that it is found again. Asked last: it may write. */
  storeId(): Promise<string>;
  /** Seconds after which the machine powers itself off for good; undefined: never. */
  readonly ttl?: number | undefined;
  /** Default: tls. By ssh alone nothing has to lead to the engine's port. */
  readonly transport?: Transport | undefined;
  readonly common: DriverState;
}

/** Gives a driver its types; returns it as one of unknown options and state, since these come from a file. */
export function defineDriver<const O extends Options, S extends DriverState>(driver: Driver<O, S>): Driver {
  return driver;
}
