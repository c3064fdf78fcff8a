import { MachineError, type Status } from "../driver/index.js";
import type { Journal } from "../store/journal.js";
import type { Host } from "./host.js";

/** URL of the machine's engine. @throws MachineError `Host is not running`, as docker-machine says it */
export async function engineUrl({ driver, machine, io }: Host): Promise<string> {
  const { status } = await driver.inspect(machine, io);
  if (status !== "running") {
    throw new MachineError("failed", "Host is not running", { hint: `machine status ${machine.name}` });
  }
  return driver.access(machine.state).docker;
}

/** That a create or provision of a machine was cut off, and how to go on. */
export function unfinished(name: string, phase: Journal["phase"]): MachineError {
  return phase === "create"
    ? new MachineError("failed", "create was cut off", {
        hint: `machine create --resume ${name}, or machine rm ${name}`,
      })
    : new MachineError("failed", "not provisioned", { hint: `machine provision ${name}` });
}

/** A status in docker-machine's words: `Running`. */
export function stateWord(status: Status): string {
  return `${status.charAt(0).toUpperCase()}${status.slice(1)}`;
}
