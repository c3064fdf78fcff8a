import { machineCertificates } from "../core/clients/cert-expiry.js";
import { text, whileDoing } from "../driver/index.js";
import type { Template } from "../gotemplate/parse.js";
import { encodeJson } from "../store/json.js";
import { defineCommand } from "../cli/command.js";
import { oneName } from "../cli/for-each-machine.js";
import { refuseFormat } from "../cli/output.js";
import { printable } from "../ui/terminal.js";

export const inspect = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: {
    format: text({ help: "Format the output using the given go template.", short: "f" }),
  },
  async run({ args, values, json, session, out }) {
    refuseFormat(json, values.format);
    const { dir, config, transport } = await session.store.read(await oneName(args, session));
    // Beside what config.json holds: docker-machine knows nothing of these.
    const shown = { ...config, DockerTransport: transport, Certificates: machineCertificates(dir) };
    out.raw(`${values.format ? printable(await render(values.format, shown)) : encodeJson(shown)}\n`);
  },
});

async function render(format: string, shown: object): Promise<string> {
  const { execute, fromJson } = await import("../gotemplate/index.js");
  return execute(await parseFormat(format), fromJson(shown));
}

/** @throws MachineError with docker-machine's words before Go's; a template that fails later has Go's alone */
async function parseFormat(format: string): Promise<Template> {
  const { jsonFunctions, parse } = await import("../gotemplate/index.js");
  try {
    return parse(format, { functions: jsonFunctions });
  } catch (error) {
    throw whileDoing("template parsing error", error);
  }
}
