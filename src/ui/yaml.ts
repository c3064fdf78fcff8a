import { messageOf } from "../driver/index.js";

/** What a text of YAML says, and where it says it. */
export interface YamlDocument {
  /** Maps, lists and text, as it was typed: 1.10 stays 1.10. Null for an empty document, "" for an empty value. */
  readonly value: unknown;
  /** What keeps the text from being YAML. With one of them there is no value. */
  readonly errors: readonly { readonly place: string; readonly message: string }[];
  /** Line and column at which these keys, from the outermost on, stand; of as many of them as are there. */
  readonly placeOf: (keys: readonly string[]) => string;
}

export async function parseYaml(text: string): Promise<YamlDocument> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, schema: "failsafe" });
  const placeAt = (offset = 0): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${String(Math.max(line, 1))}:${String(Math.max(col, 1))}`;
  };
  const errors = document.errors.map(({ pos, message }) => ({ place: placeAt(pos[0]), message }));
  return {
    ...valueOf(document, errors),
    placeOf(keys) {
      let [node, offset]: [unknown, number | undefined] = [document.contents, document.contents?.range[0]];
      for (const wanted of keys) {
        const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === wanted) : undefined;
        if (!isScalar(pair?.key)) break;
        [node, offset] = [pair.value, pair.key.range?.[0]];
      }
      return placeAt(offset);
    },
  };
}

/** An alias of nothing, or too many of them, are found only here. */
function valueOf(
  document: { toJS(): unknown },
  errors: YamlDocument["errors"],
): Pick<YamlDocument, "value" | "errors"> {
  if (errors.length > 0) return { value: undefined, errors };
  try {
    return { value: document.toJS(), errors };
  } catch (error) {
    return { value: undefined, errors: [{ place: "1:1", message: messageOf(error) }] };
  }
}

export async function encodeYaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value, { lineWidth: 0 });
}
