import { expect, test } from "vitest";
import { parseDuration } from "../../src/cli/duration.js";

test.each([
  ["90m", 5_400],
  ["8h", 28_800],
  ["1h30m", 5_400],
  ["1.5h", 5_400],
  ["1m.5s", 61],
  ["1ms", 1],
])("%s are %i seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(["", "8", "0s", "-1h", "1d", "1h 30m", "h", "1.h.m"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow("is no duration");
});
