import { scrubMachine } from "../core/manage/scrub.js";
import { defineCommand } from "../cli/command.js";
import { onEach } from "../cli/for-each-machine.js";

export const scrub = defineCommand({
  usage: "[NAME...]",
  options: {},
  run: (call) =>
    onEach(call, async ({ name }) => {
      const hadCredentials = await scrubMachine(call.session, name);
      const text = hadCredentials
        ? `Took the credentials of "${name}" out of the store.`
        : `The store holds no credentials of "${name}".`;
      return { text, facts: { hadCredentials } };
    }),
});
