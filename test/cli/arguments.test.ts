import { describe, expect, test } from "vitest";
import { boolean, integer, list, text } from "../../src/driver/index.js";
import { declare, parseArguments } from "../../src/cli/arguments.js";

const declared = declare({
  quiet: boolean({ help: "", short: "q" }),
  timeout: integer({ help: "", short: "t" }),
  engineEnv: list({ help: "" }),
  driver: text({ help: "", short: "d" }),
});

const parse = (...argv: string[]) => parseArguments(argv, declared);

describe("a command line", () => {
  test.each([
    [["--timeout", "5"]],
    [["-timeout", "5"]],
    [["--timeout=5"]],
    [["-timeout=5"]],
    [["-t", "5"]],
    [["-t=5"]],
    [["--t", "5"]],
  ])("gives a value as %j", (argv) => {
    expect(parse(...argv).given).toEqual({ timeout: "5" });
  });

  test("gives a boolean its value only with =", () => {
    expect(parse("-q", "false")).toEqual({ given: { quiet: "true" }, positionals: ["false"] });
    expect(parse("-q=false")).toEqual({ given: { quiet: "false" }, positionals: [] });
  });

  test("takes flags before, between and after names", () => {
    expect(parse("a", "-d", "none", "b", "-q")).toEqual({
      given: { driver: "none", quiet: "true" },
      positionals: ["a", "b"],
    });
  });

  test("adds up a list and takes the last of anything else", () => {
    expect(parse("--engine-env", "A=1", "-engine-env=B=2,3", "-d", "x", "-d", "y").given).toEqual({
      "engine-env": ["A=1", "B=2,3"],
      driver: "y",
    });
  });

  test("takes what follows -- as it is, a single dash as a name, and a value that looks like a flag", () => {
    expect(parse("-", "--", "-q", "--", "-bogus").positionals).toEqual(["-", "-q", "--", "-bogus"]);
    expect(parse("-d", "-q").given).toEqual({ driver: "-q" });
  });

  test.each([
    [["-bogus"], "flag provided but not defined: -bogus"],
    [["--bogus=1"], "flag provided but not defined: -bogus"],
    [["-t"], "flag needs an argument: -t"],
    [["-q", "--quiet"], "Cannot use two forms of the same flag: q quiet"],
  ])("%j is wrong usage", (argv, message) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: "usage", message }) as Error);
  });
});
