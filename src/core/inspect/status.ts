import { MachineError, type Status } from "../../driver/index.js";
import type { Journal } from "../../store/journal.js";
import { clientUrl } from "../clients/url.js";
import type { Host } from "../host/host.js";
import { inspect } from "./inspect.js";
import type { Session } from "../session/session.js";

/** What a docker client has to be given as DOCKER_HOST. @throws MachineError `Host is not running`, as docker-machine says it */
export async function engineUrl(session: Session, host: Host): Promise<string> {
  const { status, host: now } = await inspect(session, host, { lock: "try" });
  if (status !== "running") {
    throw new MachineError("failed", "Host is not running", { hint: `machine status ${host.name}` });
  }
  return clientUrl(session, now);
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
