import type { Command } from "../call.js";
import { notImplemented } from "../refusal.js";

export const importAppliance: Command = () => {
  throw notImplemented("import");
};
