import { MachineError, type Status } from "../driver/index.js";
import type { Host } from "./host.js";

/** URL of the machine's engine. @throws MachineError `Host is not running`, as docker-machine says it */
export async function engineUrl({ driver, machine, io }: Host): Promise<string> {
  const { status } = await driver.inspect(machine, io);
  if (status !== "running") {
    throw new MachineError("failed", "Host is not running", { hint: `machine status ${machine.name}` });
  }
  return driver.access(machine.state).docker;
}

/** A status in docker-machine's words: `Running`. */
export function stateWord(status: Status): string {
  return `${status.charAt(0).toUpperCase()}${status.slice(1)}`;
}
