import type { Option } from "../../driver/index.js";
import type { Declared } from "../../cli/arguments.js";
import type { LabOptions } from "./entries.js";

/** The JSON schema of lab files, for editors: what `machine lab` accepts, but for which driver takes which option. */
export function labSchema({ defaults, entry }: LabOptions): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "machine lab",
    description: "Several machines; keys are the flags of machine create",
    type: "object",
    properties: {
      defaults: { ...mapOf(defaults), description: "For every machine that does not say otherwise" },
      machines: {
        description: "By their names",
        type: "object",
        propertyNames: { pattern: "^[a-zA-Z0-9][a-zA-Z0-9\\-.]*$" },
        minProperties: 1,
        additionalProperties: mapOf([...entry, ...defaults]),
      },
    },
    required: ["machines"],
    additionalProperties: false,
  };
}

function mapOf(options: readonly Declared[]): object {
  const open = options.filter(({ option }) => option.secret !== true);
  return {
    type: ["object", "null"],
    properties: Object.fromEntries(open.map(({ flag, option }) => [flag, propertyOf(option)])),
    additionalProperties: false,
  };
}

function propertyOf(option: Option<unknown>): object {
  const { help, default: preset } = option;
  const hasDefault = preset !== undefined && preset !== "" && !(Array.isArray(preset) && preset.length === 0);
  return { description: help, ...valueOf(option), ...(hasDefault && { default: preset }) };
}

function valueOf({ kind, choices, min, max }: Option<unknown>): object {
  switch (kind) {
    case "boolean":
      return { type: "boolean" };
    case "integer":
      // A text where the machine's number is a part of it.
      return { type: ["integer", "string"], minimum: min, maximum: max, pattern: "^[0-9]*<n>[0-9]*$" };
    case "choice":
      return { enum: choices };
    case "list":
      return { type: ["array", "string"], items: { type: scalars } };
    case "text":
      return { type: scalars };
  }
}

/** What YAML reads as a number may be meant as a text. */
const scalars = ["string", "number", "boolean"];
