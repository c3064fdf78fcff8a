import { expect, test } from "vitest";
import { askLine, askSecret } from "../../src/ui/prompt.js";
import { fakeTerminal, screen } from "./terminal.js";

test.each([
  ["yes\n", "yes"],
  ["yes\r\nmore\n", "yes"],
  ["no line end", "no line end"],
  ["\n", ""],
  ["", undefined],
])("a question is answered by the first line of %j", async (typed, answer) => {
  const { terminal, stdin, stdout, stderr } = fakeTerminal();
  stdin.end(typed);
  expect(await askLine(terminal, "Sure? ", terminal.write)).toBe(answer);
  expect([stdout(), stderr()]).toEqual(["Sure? ", ""]);
});

test("a secret is not asked for where no person can see the question", async () => {
  const { terminal, stdin, stdout, stderr } = fakeTerminal();
  stdin.end("hunter2\n");
  expect(await askSecret(terminal, "Password:")).toBeUndefined();
  expect([stdout(), stderr()]).toEqual(["", ""]);
});

test("a secret is asked for on stderr, and never shown", async () => {
  const { terminal, stdin, stdout, stderr } = fakeTerminal({ columns: 80 });
  const { stream } = screen(80);
  const asked = askSecret(
    { ...terminal, stdin: Object.assign(stdin, { isTTY: true, setRawMode: () => stream }) },
    "Password:",
  );
  while (!stderr().includes("Password:")) await new Promise((resolve) => setTimeout(resolve, 10));
  stdin.write("hunter2\n");
  expect(await asked).toBe("hunter2");
  expect(stdout()).toBe("");
  expect(stderr()).not.toContain("hunter2");
});
