import { scrubMachine } from "../core/scrub.js";
import { defineCommand } from "./command.js";
import { onEach } from "./machines.js";

export const scrub = defineCommand({
  usage: "[NAME...]",
  options: {},
  run: (call) =>
    onEach(call, async ({ name }) =>
      (await scrubMachine(call.session, name))
        ? `Took the credentials of "${name}" out of the store.`
        : `The store holds no credentials of "${name}".`,
    ),
});
