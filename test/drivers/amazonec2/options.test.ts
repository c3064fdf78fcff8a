import { expect, test } from "vitest";
import { options } from "../../../drivers/amazonec2/options.js";
import type { Option } from "../../../src/driver/index.js";

test("options of amazonec2 that hold secrets are marked, so that nothing shows or saves them", () => {
  const all: [string, Option<unknown>][] = Object.entries(options);
  const secret = all.filter(([, option]) => option.secret === true).map(([key]) => key);
  expect(secret).toEqual(["accessKey", "secretKey", "sessionToken"]);
});
