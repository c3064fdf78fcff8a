import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { globalOptions } from "../../src/cli/command.js";
import { commands } from "../../src/commands/index.js";
import { builtInNames, findDriver } from "../../src/core/session/registry.js";
import { names, type Driver, type Option } from "../../src/driver/index.js";

export const readmePath = join(import.meta.dirname, "..", "..", "README.md");

/** README.md with the parts about commands and drivers as their declarations have them. */
export async function currentReadme(): Promise<string> {
  const text = await readFile(readmePath, "utf8");
  const drivers = await Promise.all([...builtInNames()].sort().map((name) => findDriver(name, "/no/store")));
  const withCommands = replacePart(text, "commands", await commandTable());
  return replacePart(withCommands, "drivers", [verbs(drivers), ...drivers.map(options)].join("\n\n"));
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
function replacePart(text: string, name: string, part: string): string {
  return text.replace(
    new RegExp(`(<!-- ${name} -->\n)[^]*(<!-- /${name} -->)`),
    (_, begin: string, end: string) => `${begin}\n${part}\n\n${end}`,
  );
}

/** Every command with its own flags; those that all take stand before it. */
async function commandTable(): Promise<string> {
  const rows = Object.entries(commands).map(async ([name, entry]) => {
    const { options } = await entry.load();
    const flags = Object.entries(options).map(([key, option]) => flagNames(key, option));
    return [`\`${name}\``, entry.summary, flags.join(", ")];
  });
  const globals = Object.entries(globalOptions).map(([key, option]) => flagNames(key, option));
  return [
    `Before the command: ${globals.join(", ")}.`,
    table(["command", "", "its own flags"], await Promise.all(rows)),
  ].join("\n\n");
}

function flagNames(key: string, option: Option<unknown>): string {
  const { flag } = names(key, option);
  const long = flag.length === 1 ? `\`-${flag}\`` : `\`--${flag}\``;
  return option.short === undefined ? long : `${long} (\`-${option.short}\`)`;
}

function verbs(drivers: readonly Driver[]): string {
  const columns = ["start", "stop", "restart", "kill"] as const;
  const rows = drivers.map((driver) => [
    `\`${driver.name}\``,
    driver.summary,
    ...columns.map((verb) => (driver[verb] === undefined ? "" : "yes")),
  ]);
  return table(["driver", "", ...columns], rows);
}

function options(driver: Driver): string {
  const rows = Object.entries(driver.options).map(([key, option]) => {
    const { flag, env } = names(key, option, driver.name);
    const { default: preset } = option;
    const value =
      (typeof preset === "string" || typeof preset === "number") && preset !== "" ? `\`${String(preset)}\`` : "";
    return [`\`--${flag}\``, env === undefined ? "" : `\`${env}\``, value, option.help];
  });
  return `### ${driver.name}\n\n${table(["option", "variable", "default", ""], rows)}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
