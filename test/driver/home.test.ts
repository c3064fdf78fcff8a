import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { absolutePath, homeOf, userName } from "../../src/driver/index.js";

test("the home directory is HOME, or that of the account where HOME is empty or missing", () => {
  expect(homeOf({ HOME: "/home/ann" })).toBe("/home/ann");
  expect(homeOf({ HOME: "", USERPROFILE: "" })).toBe(userInfo().homedir);
  expect(homeOf({ HOME: "/msys/ann", USERPROFILE: "C:\\ann" }, "win32")).toBe("C:\\ann");
  expect(absolutePath("~/key", { HOME: "" })).toBe(join(userInfo().homedir, "key"));
});

test("the user's name is USER, or that of the account where USER is empty or missing", () => {
  expect(userName({ USER: "ann" })).toBe("ann");
  expect(userName({ USER: "" })).toBe(userInfo().username);
});
