/**
 * The `Driver` object of config.json. These are docker-machine's common fields; a driver adds its own.
 * @see https://github.com/docker/machine/blob/master/libmachine/drivers/base.go
 */
export interface DriverState {
  readonly IPAddress: string;
  readonly MachineName: string;
  readonly SSHUser: string;
  readonly SSHPort: number;
  readonly SSHKeyPath: string;
  readonly StorePath: string;
  readonly SwarmMaster: boolean;
  readonly SwarmHost: string;
  readonly SwarmDiscovery: string;
}

/** The common fields of a machine that is yet to be made. */
export function commonState(name: string, storePath: string): DriverState {
  return {
    ...{ IPAddress: "", MachineName: name, SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: storePath },
    ...{ SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  };
}

/** A machine as its driver sees it. `dir` is its own directory in the store. */
export interface Machine<S extends DriverState = DriverState> {
  readonly name: string;
  readonly dir: string;
  readonly state: Readonly<S>;
}

export type Status = "running" | "paused" | "saved" | "stopped" | "stopping" | "starting" | "error" | "missing";

export interface Inspection<S extends DriverState> {
  readonly status: Status;
  /** What turned out to be different from the saved state, e.g. a new address. */
  readonly state?: Partial<S>;
}
