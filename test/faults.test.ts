import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("each fault of CONTRIBUTING.md has the test that it names", async () => {
  const text = await readFile(join(root, "CONTRIBUTING.md"), "utf8");
  const rows = [...text.matchAll(/^\|[^|]*\|[^|]*\| `(test\/\S+)`: (.*?) *\|$/gm)];
  expect(rows.length).toBeGreaterThan(30);
  for (const [, file = "", title = ""] of rows) {
    expect(await readFile(join(root, file), "utf8"), file).toContain(`"${title}"`);
  }
});
