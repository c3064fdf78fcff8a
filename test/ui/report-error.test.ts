import { expect, test } from "vitest";
import { MachineError, type ErrorCode } from "../../src/driver/index.js";
import { reportError } from "../../src/ui/report-error.js";
import { fakeTerminal } from "./terminal.js";

/** What is printed of an error, and the exit status. */
function reported(error: unknown, json = false): { code: number; stderr: string } {
  const { terminal, stdout, stderr } = fakeTerminal();
  const code = reportError(error, json, terminal);
  expect(stdout()).toBe("");
  return { code, stderr: stderr() };
}

test("an error is its message, then the output that explains it, then what to do next", () => {
  const error = new MachineError("failed", "web: could not install Docker", {
    output: "E: Unable to locate package\nE: Broken\n\n",
    hint: "machine provision web",
  });
  expect(reported(error).stderr).toBe(
    "web: could not install Docker\n  E: Unable to locate package\n  E: Broken\nhint: machine provision web\n",
  );
  expect(reported(new MachineError("failed", "no", { output: " \n" })).stderr).toBe("no\n");
});

test("in JSON it is one line with all of its parts", () => {
  const error = new MachineError("busy", "web is locked\nby pid 7", { output: "a\nb", cause: new Error("secret") });
  const { code, stderr } = reported(error, true);
  expect(code).toBe(1);
  expect(stderr.trimEnd()).not.toContain("\n");
  expect(JSON.parse(stderr)).toEqual({ error: { code: "busy", message: "web is locked\nby pid 7", output: "a\nb" } });
});

test.each<[ErrorCode, number]>([
  ["failed", 1],
  ["usage", 2],
  ["precheck", 3],
  ["not-found", 1],
  ["exists", 1],
  ["busy", 1],
  ["unsupported", 1],
  ["unreachable", 1],
  ["untrusted", 1],
  ["interrupted", 130],
])("%s ends with status %i", (code, status) => {
  expect(reported(new MachineError(code, "x")).code).toBe(status);
  expect(reported(new MachineError(code, "x"), true).code).toBe(status);
});

test("what is no error of ours is a bug, with its stack", () => {
  const { code, stderr } = reported(new TypeError("x is undefined"));
  expect(code).toBe(70);
  expect(stderr).toMatch(/^This is a bug in machine\..*\nTypeError: x is undefined\n {4}at /);
  expect(JSON.parse(reported("thrown text", true).stderr)).toEqual({ error: { code: "bug", message: "thrown text" } });
});
