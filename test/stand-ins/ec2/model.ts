import * as sdk from "@aws-sdk/client-ec2";

/** What a parameter or a part of an answer looks like, as AWS's own model of the API (which the SDK carries) says. */
export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "time" | "blob" }
  | { readonly kind: "list"; readonly item: () => Shape }
  | { readonly kind: "structure"; readonly members: readonly Member[] };

export interface Member {
  /** Its name in the SDK, such as "BlockDeviceMappings". */
  readonly name: string;
  /** Its name in a request, such as "BlockDeviceMapping", */
  readonly queryName: string;
  /** and in an answer, such as "blockDeviceMapping". */
  readonly xmlName: string;
  readonly required: boolean;
  readonly shape: () => Shape;
}

export interface Action {
  readonly input: Shape;
  readonly output: Shape;
}

/** The model of an action such as "RunInstances"; undefined when EC2 has none of this name. */
export function actionNamed(name: string): Action | undefined {
  const schema = (sdk as unknown as Readonly<Record<string, unknown>>)[`${name}$`];
  if (!Array.isArray(schema) || schema[0] !== operation) return undefined;
  return { input: shapeOf(schema[4]), output: shapeOf(schema[5]) };
}

/*
 * Schemas of the SDK (StaticSchema in @smithy/types): a number is a simple shape, one above 63 a list of such; an array
 * begins with its kind; [schema, traits] is a member; references are functions.
 */
const operation = 9;
const structure = 3;
const list = 1;
const simple: Readonly<Record<number, "string" | "number" | "boolean" | "time" | "blob">> = {
  0: "string",
  1: "number",
  2: "boolean",
  4: "time",
  21: "blob",
};

interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
}

function shapeOf(reference: unknown): Shape {
  const schema: unknown = typeof reference === "function" ? (reference as () => unknown)() : reference;
  if (schema === "unit") return { kind: "structure", members: [] };
  if (typeof schema === "number") {
    if (schema >= 64) return { kind: "list", item: () => shapeOf(schema - 64) };
    return { kind: simple[schema] ?? "string" };
  }
  const [kind, , , , detail, more, required] = schema as readonly unknown[];
  if (kind === list) return { kind: "list", item: () => shapeOf(memberOf(detail)[0]) };
  if (kind !== structure) return shapeOf(detail);
  const names = detail as readonly string[];
  const members = more as readonly unknown[];
  const count = typeof required === "number" ? required : 0;
  return {
    kind: "structure",
    members: names.map((name, index) => describe(name, memberOf(members[index]), index < count)),
  };
}

function memberOf(entry: unknown): readonly [reference: unknown, traits: Traits] {
  if (!Array.isArray(entry) || entry.length !== 2) return [entry, {}];
  const [reference, traits] = entry as [unknown, unknown];
  return [reference, typeof traits === "object" && traits !== null ? traits : {}];
}

/** The names by the rules of https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
function describe(name: string, [reference, { xmlName, ec2QueryName }]: readonly [unknown, Traits], required: boolean) {
  const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  return {
    name,
    queryName: ec2QueryName ?? upper(xmlName ?? name),
    xmlName: xmlName ?? name,
    required,
    shape: () => shapeOf(reference),
  };
}
