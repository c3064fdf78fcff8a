import type { Io, Machine } from "../../src/driver/index.js";
import { lockName, networkLabel } from "./container.js";
import { engine, engineIfThere } from "./engine.js";
import { checkState, type ContainerState } from "./state.js";

/** Takes the container away with all that is in it, and its network when it was the last one; fine when it is gone. */
export async function remove({ state }: Machine<ContainerState>, io: Io): Promise<void> {
  checkState(state);
  await engineIfThere(io, state, ["rm", "--force", "--volumes", state.Container]);
  await io.lock(lockName, async () => {
    const format = `{{index .Labels "${networkLabel}"}}`;
    const found = await engineIfThere(io, state, ["network", "inspect", "--format", format, state.Network]);
    if (found?.stdout.trim() !== "ours") return;
    const users = await engine(io, state, ["ps", "--all", "--quiet", "--filter", `network=${state.Network}`]);
    if (users.stdout.trim() === "") await engineIfThere(io, state, ["network", "rm", state.Network]);
  });
}
