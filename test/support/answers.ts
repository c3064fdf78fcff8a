import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

const folder = join(import.meta.dirname, "..", "..", "templates", "schemas");

/** Commands whose answer takes the built program or a host: test/e2e/answers.test.ts has it. */
export const withHosts: readonly string[] = [
  ...[
    "install-plugin",
    "kill",
    "provision",
    "regenerate-certs",
    "restart",
    "start",
    "stop",
    "trust",
    "tunnel",
    "upgrade",
  ],
];

/** Names of the schemas without `.json`. */
export async function schemas(): Promise<string[]> {
  return (await readdir(folder)).map((file) => basename(file, ".json")).sort();
}

/** Parses the one document of an answer. @throws Error where it is none, or not as the schema of that name says */
export async function answerOf(schema: string, text: string): Promise<unknown> {
  return validated(schema, JSON.parse(text));
}

/** The same for JSON lines. */
export async function answersOf(schema: string, text: string): Promise<readonly unknown[]> {
  const lines = text.split("\n").slice(0, -1);
  return Promise.all(lines.map((line) => answerOf(schema, line)));
}

async function validated(schema: string, value: unknown): Promise<unknown> {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  const validate = ajv.compile(JSON.parse(await readFile(join(folder, `${schema}.json`), "utf8")) as object);
  if (!validate(value)) throw new Error(`${schema}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
  return value;
}
