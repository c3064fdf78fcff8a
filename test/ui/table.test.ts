/* table-vectors.json holds what text/tabwriter of Go 1.19.8 made of each text (min width 5, padding 3, spaces). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { align } from "../../src/ui/table.js";

interface Vector {
  readonly text: string;
  readonly aligned: string;
}

const vectors = JSON.parse(readFileSync(new URL("table-vectors.json", import.meta.url), "utf8")) as readonly Vector[];

describe("text is aligned as Go's tabwriter does it", () => {
  it.each(vectors)("$text", ({ text, aligned }) => {
    expect(align(text)).toBe(aligned);
  });
});
