import { isMachineError, type Driver } from "../../driver/index.js";
import { driverNames } from "./registry.js";
import type { Session } from "./session.js";

/** All drivers that can be loaded; it is told why one cannot. */
export async function allDrivers(session: Session): Promise<readonly Driver[]> {
  const load = (name: string): Promise<readonly Driver[]> =>
    session.findDriver(name).then(
      (driver) => [driver],
      (error: unknown) => {
        if (!isMachineError(error)) throw error;
        session.tell(`The driver ${name} is left out: ${error.message}`);
        return [];
      },
    );
  return (await Promise.all((await driverNames(session.store.root)).map(load))).flat();
}
