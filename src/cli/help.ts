import { names, type Option, type Options } from "../driver/index.js";

export interface HelpSection {
  readonly title: string;
  readonly options: Options;
  readonly prefix?: string;
}

/** Help of one command. Options without any are left out. */
export function commandHelp(
  program: string,
  name: string,
  usage: string,
  summary: string,
  sections: readonly HelpSection[],
): string {
  const parts = [`Usage: ${program} ${name} ${usage}`.trimEnd(), summary];
  for (const { title, options, prefix } of sections) {
    const lines = Object.entries(options).map(([key, option]) => optionLines(key, option, prefix));
    if (lines.length > 0) parts.push(`${title}:\n${lines.join("\n")}`);
  }
  return parts.join("\n\n");
}

/** Help of the program: every command with its summary. */
export function programHelp(
  program: string,
  version: string,
  commands: readonly (readonly [string, string])[],
  globals: Options,
): string {
  const width = Math.max(...commands.map(([name]) => name.length)) + 2;
  const rows = commands.map(([name, summary]) => `  ${name.padEnd(width)}${summary}`);
  const options = Object.entries(globals).map(([key, option]) => optionLines(key, option));
  return [
    `Usage: ${program} [OPTIONS] COMMAND [arg...]`,
    "Create and manage machines running Docker.",
    `Version: ${version}`,
    `Options:\n${options.join("\n")}`,
    `Commands:\n${rows.join("\n")}`,
    `Run '${program} COMMAND --help' for more information on a command.`,
  ].join("\n\n");
}

function optionLines(key: string, option: Option<unknown>, prefix?: string): string {
  const { flag, env } = names(key, option, prefix);
  const value = option.kind === "boolean" ? "" : option.kind === "list" ? " VALUE..." : " VALUE";
  const more = [
    ...(option.choices === undefined ? [] : [`one of ${option.choices.join(", ")}`]),
    ...(hasDefault(option) ? [`default ${String(option.default)}`] : []),
    ...(env === undefined ? [] : [`$${env}`]),
  ];
  const short = option.short === undefined ? "" : `, -${option.short}`;
  return `  --${flag}${short}${value}\n      ${option.help}${more.length === 0 ? "" : ` (${more.join("; ")})`}`;
}

function hasDefault({ default: value, secret }: Option<unknown>): boolean {
  return secret !== true && (typeof value === "string" || typeof value === "number") && value !== "";
}
