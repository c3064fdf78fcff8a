import { machineCertificates } from "../core/expiry.js";
import { text } from "../driver/index.js";
import { encodeJson } from "../store/json.js";
import { print } from "../ui/terminal.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";

export const inspect = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: {
    format: text({ help: "Format the output using the given go template.", short: "f" }),
  },
  async run({ args, values, session, terminal }) {
    const { dir, config } = await session.store.read(await oneName(args, session));
    // Beside what config.json holds: docker-machine shows nothing of them.
    const shown = { ...config, Certificates: await machineCertificates(dir) };
    if (values.format === undefined) {
      print(terminal, encodeJson(shown));
      return;
    }
    const { execute, jsonFunctions, parse } = await import("../gotemplate/index.js");
    const { fromJson } = await import("../gotemplate/value.js");
    print(terminal, execute(parse(values.format, { functions: jsonFunctions }), fromJson(shown)));
  },
});
