import type { GoFunction } from "./function.js";
import { string, type Value } from "./value.js";

/** The functions that `inspect` adds: `json` is compact, `prettyjson` indents by four spaces. */
export const jsonFunctions: Readonly<Record<string, GoFunction>> = {
  json: { parameters: ["any"], call: ([value]) => string(encode(value, undefined)) },
  prettyjson: { parameters: ["any"], call: ([value]) => string(encode(value, "")) },
};

const step = "    ";

/** JSON as Go's encoding/json writes it; `indent` is that of the line the value starts on, undefined for compact. */
function encode(value: Value | undefined, indent: string | undefined): string {
  switch (value?.kind) {
    case undefined:
      return "null";
    case "interface":
      return encode(value.value, indent);
    case "pointer":
      return encode(value.to, indent);
    case "bool":
      return String(value.bool);
    case "int":
      return String(value.int);
    case "float":
      return Object.is(value.float, -0) ? "-0" : String(value.float);
    case "string":
      return encodeText(value.text);
    case "list":
      if (value.items === undefined) return "null";
      return enclose(
        "[",
        value.items.map((item) => encode(item, deeper(indent))),
        "]",
        indent,
      );
    case "map":
      return encodeObject(value.entries, indent);
    case "struct":
      return encodeObject(value.fields, indent);
  }
}

function encodeObject(entries: ReadonlyMap<string, Value>, indent: string | undefined): string {
  const colon = indent === undefined ? ":" : ": ";
  const members = Array.from(entries, ([key, item]) => encodeText(key) + colon + encode(item, deeper(indent)));
  return enclose("{", members, "}", indent);
}

function enclose(open: string, items: readonly string[], close: string, indent: string | undefined): string {
  if (indent === undefined || items.length === 0) return open + items.join(",") + close;
  const line = `\n${indent}${step}`;
  return `${open}${line}${items.join(`,${line}`)}\n${indent}${close}`;
}

function deeper(indent: string | undefined): string | undefined {
  return indent === undefined ? undefined : indent + step;
}

/** Go also escapes what could end a script in HTML or a line in JavaScript. */
function encodeText(text: string): string {
  return JSON.stringify(text).replace(/\\b|\\f|[<>&\u2028\u2029]|\\[^bf]/g, (found) => {
    if (found.startsWith("\\") && found !== "\\b" && found !== "\\f") return found;
    const char = found === "\\b" ? "\b" : found === "\\f" ? "\f" : found;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
