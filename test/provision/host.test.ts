import { describe, expect, test } from "vitest";
import { factsOf } from "../../src/provision/host.js";

const base = { init: "systemd\n", "os-release": "ID=debian\n" };
const facts = (more: Record<string, string>) => factsOf(new Map(Object.entries({ ...base, ...more })));

describe("the facts of a host", () => {
  test.each([
    ["Docker version 28.3.2, build 578ccf6\n", "28.3.2"],
    ["Docker version 20.10.24+dfsg1, build 297e128\n", "20.10.24+dfsg1"],
    ["something else", "unknown"],
  ])("read the version out of %j", (dockerd, version) => {
    expect(facts({ dockerd }).engine).toBe(version);
  });

  test("are refused for a host without a service manager that we know", () => {
    expect(() => facts({ init: "none\n" })).toThrow("neither systemd nor OpenRC");
  });

  test("are refused for a docker from snap, unless another engine is a service", () => {
    expect(() => facts({ snap: "\n" })).toThrow("snap");
    expect(facts({ snap: "\n", unit: "[Service]" }).unit).toBe("[Service]");
  });
});
