import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { driverNames, findDriver } from "../../src/core/registry.js";
import { names, type Driver } from "../../src/driver/index.js";

export const readmePath = join(import.meta.dirname, "..", "..", "README.md");

/** README.md with the part about the drivers as their declarations have it. */
export async function currentReadme(): Promise<string> {
  const text = await readFile(readmePath, "utf8");
  const drivers = await Promise.all([...driverNames()].sort().map(findDriver));
  const part = [verbs(drivers), ...drivers.map(options)].join("\n\n");
  return text.replace(
    /(<!-- drivers -->\n)[^]*(<!-- \/drivers -->)/,
    (_, begin: string, end: string) => `${begin}\n${part}\n\n${end}`,
  );
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
