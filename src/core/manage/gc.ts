import {
  MachineError,
  type Driver,
  type Options,
  type Resource,
  type Values,
  whileDoing,
  isExpected,
} from "../../driver/index.js";
import { providerIo } from "../session/io.js";
import type { Session } from "../session/session.js";

/**
 * What a driver's provider has of this store and no machine in it needs: what was made for a machine that the store
 * does not know, and, once it has no machine of this driver, what was made for several.
 * @throws MachineError `unsupported` for a driver that cannot tell
 */
export async function findUnused(
  session: Session,
  driver: Driver,
  values: Values<Options>,
): Promise<readonly Resource[]> {
  const { store } = session;
  if (driver.listResources === undefined) {
    throw new MachineError("unsupported", `${driver.name} driver cannot tell what it has made`, {
      hint: "choose another one: machine gc -d DRIVER",
    });
  }
  const found = await driver.listResources(values, await store.storeId(), providerIo(session));
  // Read afterwards: whatever is made belongs to a machine that was stored before.
  const machines = await store.list();
  const ours = new Set(
    machines.filter((one) => "error" in one || one.config.DriverName === driver.name).map(({ name }) => name),
  );
  return found.filter(({ machine }) => (machine === undefined ? ours.size === 0 : !ours.has(machine)));
}

/** Removes one after another; what cannot be removed keeps no other from it. Returns the errors. */
export async function removeUnused(
  session: Session,
  unused: readonly Resource[],
  onRemoved: (one: Resource) => void,
): Promise<readonly MachineError[]> {
  const errors: MachineError[] = [];
  const io = providerIo(session);
  for (const one of unused) {
    try {
      await one.remove(io);
      onRemoved(one);
    } catch (cause) {
      const error = whileDoing(`could not remove the ${one.kind} ${one.id}`, cause);
      if (!isExpected(error)) throw error;
      errors.push(error);
    }
  }
  return errors;
}
