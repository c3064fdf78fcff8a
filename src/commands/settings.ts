import type { Session } from "../core/session/session.js";
import { MachineError, messageOf } from "../driver/index.js";
import { changeSettings, readSettings } from "../store/settings.js";
import { declare } from "../cli/arguments.js";
import { defineCommand } from "../cli/command.js";
import { create } from "./create/create.js";
import { driverOptions } from "./create/driver-options.js";

const usage = "[ls | set NAME VALUE... | unset NAME...]";

export const settings = defineCommand({
  usage,
  options: {},
  async run({ args, session, out }) {
    const { store } = session;
    const [what = "ls", ...words] = args;
    if (what === "ls" && words.length === 0) {
      const kept = Object.entries(await readSettings(store.root));
      out.text(...kept.map(([name, value]) => `${name}=${[value].flat().join(",")}`));
    } else if (what === "set" && words.length >= 2) {
      const [name = "", ...values] = words;
      await changeSettings(store, { [name]: await checked(session, name, values) });
    } else if (what === "unset" && words.length >= 1) {
      const forgotten = Object.fromEntries(words.map((name) => [name, undefined]));
      await changeSettings(store, forgotten);
    } else {
      throw new MachineError("usage", `machine settings ${usage}`);
    }
    out.json(await readSettings(store.root));
  },
});

/** @throws MachineError `usage` for what create does not take, and for what must not be saved */
async function checked(session: Session, name: string, values: readonly string[]): Promise<string | string[]> {
  const found = [...declare(create.options), ...(await driverOptions(session))].find(({ flag }) => flag === name);
  if (found === undefined) {
    throw new MachineError("usage", `create has no option --${name}`, {
      hint: "a setting is named as the flag is: machine create -d DRIVER --help lists them",
    });
  }
  const { option } = found;
  if (option.secret === true) throw new MachineError("usage", `--${name} is a secret, which is never saved`);
  const [value = "", ...more] = values;
  if (option.kind !== "list" && more.length > 0) throw new MachineError("usage", `--${name} takes one value`);
  const kept = option.kind === "list" ? [...values] : value;
  try {
    option.parse(kept);
  } catch (error) {
    throw new MachineError("usage", `--${name} ${messageOf(error)}`);
  }
  return kept;
}
