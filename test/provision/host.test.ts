import { describe, expect, test } from "vitest";
import { factsOf } from "../../src/provision/host.js";

const base = { init: "systemd\n", "os-release": "ID=debian\n" };
const facts = (more: Record<string, string>) => factsOf(new Map(Object.entries({ ...base, ...more })));

describe("the facts of a host", () => {
  test("hold the addresses that others may use: not those that pass, nor those of containers", () => {
    const addresses = `2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 2001:db8::7/64 scope global dynamic mngtmpaddr \\       valid_lft 86391sec preferred_lft 14391sec
2: eth0    inet6 2001:db8::dead/64 scope global temporary dynamic \\       valid_lft 86391sec preferred_lft 14391sec
3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\\       valid_lft forever
4: br-1f2e    inet 172.18.0.1/16 scope global br-1f2e\\       valid_lft forever preferred_lft forever
5: wg0    inet 10.8.0.1 peer 10.8.0.2/32 scope global wg0\\       valid_lft forever preferred_lft forever
`;
    expect(facts({ addresses }).addresses).toEqual(["192.0.2.7", "2001:db8::7", "10.8.0.1"]);
  });

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
