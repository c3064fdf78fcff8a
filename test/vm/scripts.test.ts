import { join } from "node:path";
import { expect, test } from "vitest";
import { finish } from "../support/command.js";

test("the script that makes the disk of the tests' machines is clean for shellcheck", async () => {
  const script = join(import.meta.dirname, "../support/vm/build-image.sh");
  expect(await finish("shellcheck", ["--shell", "sh", script])).toEqual({ stdout: "", stderr: "", code: 0 });
});
