/**
 * A value as JSON that is YAML 1.1 as well: what YAML takes for line ends, or does not take at all, is escaped. Characters
 * beyond 16 bits stay, as YAML would not join the two halves of an escaped one.
 */
export function asYaml(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\ud7ff\ue000-\uffff]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
