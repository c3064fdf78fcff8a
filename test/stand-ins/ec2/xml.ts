import type { Failure } from "./failure.js";
import type { Shape } from "./model.js";

/** The answer to an action, from its output in the SDK's form. A member that is undefined is left out. */
export function writeAnswer(action: string, requestId: string, shape: Shape, output: unknown): string {
  const content =
    shape.kind === "structure" && shape.members.length === 0 ? element("return", "true") : writeValue(shape, output);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
    `${element("requestId", requestId)}${content}</${action}Response>`
  );
}

export function writeFailure({ code, message }: Failure, requestId: string): string {
  const error = element("Error", element("Code", escape(code)) + element("Message", escape(message)));
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    element("Response", element("Errors", error) + element("RequestID", requestId))
  );
}

function writeValue(shape: Shape, value: unknown): string {
  if (shape.kind === "structure") {
    const members = shape.members.map((member) => ({ ...member, value: (value as Values)[member.name] }));
    return members
      .filter((member) => member.value !== undefined)
      .map(({ xmlName, shape: inner, value: part }) => element(xmlName, writeValue(inner(), part)))
      .join("");
  }
  if (shape.kind === "list") {
    return (value as unknown[]).map((item) => element("item", writeValue(shape.item(), item))).join("");
  }
  if (value instanceof Date) return value.toISOString();
  return escape(value instanceof Uint8Array ? Buffer.from(value).toString("base64") : String(value));
}

type Values = Readonly<Record<string, unknown>>;

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
  return text.replace(/[&<>\r]/g, (character) => entities[character] ?? "");
}
