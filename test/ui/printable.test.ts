import fc from "fast-check";
import { expect, test } from "vitest";
import { outputOf } from "../../src/cli/output.js";
import { reportError } from "../../src/ui/report-error.js";
import { startProgress } from "../../src/ui/progress.js";
import { printable } from "../../src/ui/terminal.js";
import { MachineError } from "../../src/driver/index.js";
import { fakeTerminal } from "./terminal.js";

/** Sets the clipboard and the title, clears the screen, turns the direction of writing. */
const hostile = "\u001b]52;c;aGk=\u0007\u001b]0;t\u0007\u001b[2J\u009b2J\u202e\r\b\u007f";

test("text of somebody else has no control character but line feeds and tabs", () => {
  const control = /[^\P{Cc}\n\t]|\p{Bidi_Control}/u;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(control);
    }),
  );
  expect(printable(`a${hostile}b`)).not.toMatch(control);
  expect(printable("grüße\t日本\r\n")).toBe("grüße\t日本\n");
});

test("a line of somebody else has an end", () => {
  const [first = "", second] = printable(`${"x".repeat(900_000)}\nnext`).split("\n");
  expect(first.length).toBeLessThan(5_000);
  expect(second).toBe("next");
});

test("no way of printing hands on what moves the cursor or sets the clipboard", () => {
  const { terminal, stdout, stderr } = fakeTerminal();
  const at = 0;
  for (const options of [{}, { debug: true }]) {
    const { report, above } = startProgress(terminal, options);
    report({ type: "started", machine: "web", step: `go${hostile}`, at });
    report({ type: "output", machine: "web", step: "go", line: `out${hostile}`, at });
    report({ type: "notice", machine: "web", step: "go", line: `notice${hostile}`, at });
    above(`above${hostile}`);
  }
  reportError(new MachineError("failed", `e${hostile}`, { hint: hostile, output: hostile }), false, terminal);
  const out = outputOf(terminal, false, () => undefined);
  out.text(`text${hostile}`);
  out.table([[`cell${hostile}`, "x".repeat(900_000), "next"]]);
  expect(stderr() + stdout()).not.toMatch(/[^\P{Cc}\n\t]|\p{Bidi_Control}/u);
  expect(stderr()).toMatch(/\(web\) \| out.*\n\(web\) notice.*\nabove.*\ne/s);
  expect(stdout()).toMatch(/^text.*\ncell.*next\n$/s);
  expect(stdout().length).toBeLessThan(2_000);
});

test("JSON stays whole, however long it is", () => {
  const { terminal, stderr } = fakeTerminal();
  const line = `long${hostile}${"x".repeat(10_000)}`;
  startProgress(terminal, { json: true }).above(line);
  reportError(new MachineError("failed", line), true, terminal);
  const [message = "", error = ""] = stderr().split("\n");
  expect(JSON.parse(message)).toEqual({ type: "message", line });
  expect(JSON.parse(error)).toEqual({ error: { code: "failed", message: line } });
});
