import { describe, expect, test } from "vitest";
import { cidrOf, networkOf, numberOf, type Network } from "../../../src/vm/index.js";
import { freeAddress } from "../../../drivers/virtualbox/make-network.js";
import {
  chooseNetwork,
  knownNetworks,
  type HostOnly,
  type KnownNetworks,
} from "../../../drivers/virtualbox/network.js";
import { stateOf } from "../../../drivers/virtualbox/state.js";
import { vboxManage } from "../../../drivers/virtualbox/vboxmanage.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { computer } from "./computers.js";

const nothing: KnownNetworks = { hostOnly: [], own: [], routes: [] };
const chosen = (given: string, known: Partial<KnownNetworks>): string =>
  cidrOf(chooseNetwork(given, { ...nothing, ...known }));

describe("the host-only network", () => {
  test("is 192.168.59.1/24 where nothing is in the way", () => {
    expect(chosen("", {})).toBe("192.168.59.1/24");
  });

  test("is another one where an interface, a route or another host-only network is in the way", () => {
    expect(chosen("", { own: [network("192.168.59.20/24")] })).toBe("192.168.60.1/24");
    expect(chosen("", { routes: [network("192.168.56.0/22")] })).toBe("192.168.60.1/24");
    expect(chosen("", { hostOnly: [adapter("vboxnet0", "192.168.59.5/24")] })).toBe("192.168.60.1/24");
  });

  test("is an adapter that has just that address and mask, with its own interface and route", () => {
    const there = network("192.168.59.1/24");
    const hostOnly = [adapter("vboxnet3", "192.168.59.1/24")];
    expect(chosen("", { hostOnly, own: [there], routes: [network("192.168.59.0/24")] })).toBe("192.168.59.1/24");
    expect(chosen("", { hostOnly: [adapter("vboxnet3", "192.168.59.1/25")] })).toBe("192.168.60.1/24");
  });

  test("is the one that was asked for, or an error that says what is in the way", () => {
    expect(chosen("10.20.0.1/16", {})).toBe("10.20.0.1/16");
    expect(() => chosen("10.20.0.1/16", { routes: [network("10.0.0.0/8")] })).toThrow(
      "the network of 10.20.0.1/16 overlaps the route to 10.0.0.0/8 of this computer",
    );
    expect(() => chosen("", { routes: [network("192.168.0.0/16")] })).toThrow(/all of 192\.168\.56\.0\/21/);
  });

  test.each([
    [
      "6.1.50r161033",
      "NetworkName: NET\nDhcpd IP: 192.168.59.2\nLowerIPAddress: 192.168.59.100\nUpperIPAddress: 192.168.59.254\nNetworkMask: 255.255.255.0\nEnabled: Yes\n",
    ],
    [
      "5.2.44r139111",
      "NetworkName: NET\nIP: 192.168.59.2\nNetworkMask: 255.255.255.0\nlowerIPAddress: 192.168.59.100\nupperIPAddress: 192.168.59.254\nEnabled: Yes\n",
    ],
  ])("is known with what its DHCP server gives away, by VirtualBox %s", async (version, servers) => {
    const io = fakeIo({
      "VBoxManage --version": version,
      "VBoxManage list hostonlyifs":
        "Name: vboxnet0\nIPAddress: 192.168.59.1\nNetworkMask: 255.255.255.0\nVBoxNetworkName: NET\n",
      "VBoxManage list dhcpservers": servers,
    });
    const { hostOnly } = await knownNetworks(vboxManage(io, computer(), ""));
    const addresses = ["192.168.59.2", "192.168.59.100", "192.168.59.254"].map(numberOf);
    expect(hostOnly[0]?.leased).toEqual([
      [addresses[0], addresses[0]],
      [addresses[1], addresses[2]],
    ]);
  });

  test("of a Mac with VirtualBox 7 is a network of its own kind, whose lowest address is this computer's", async () => {
    const io = fakeIo({
      "VBoxManage --version": "7.1.6r167084",
      "VBoxManage list hostonlynets":
        "Name:            machine-192.168.59.0\nGUID: 1\n\nState: Enabled\nNetworkMask:     255.255.255.0\nLowerIP: 192.168.59.1\nUpperIP: 192.168.59.9\nVBoxNetworkName: hostonly-x\n".replace(
          "\n\n",
          "\n",
        ),
    });
    const { hostOnly } = await knownNetworks(vboxManage(io, computer({ platform: "darwin" }), ""));
    expect(hostOnly).toEqual([
      {
        name: "machine-192.168.59.0",
        network: network("192.168.59.1/24"),
        leased: [[numberOf("192.168.59.1"), numberOf("192.168.59.9")]],
      },
    ]);
    expect(io.calls).toEqual(["VBoxManage --version", "VBoxManage list hostonlynets"]);
  });
});

describe("a machine's address", () => {
  const free = (
    cidr: string,
    leased: readonly (readonly [string, string])[],
    taken: readonly string[],
    mac = "080027000000",
  ): string =>
    freeAddress(
      network(cidr),
      leased.map(([from, to]) => [numberOf(from) ?? 0, numberOf(to) ?? 0]),
      new Set(taken),
      {
        name: "web",
        state: stateOf({
          HostOnlyMAC: mac,
          MachineName: "web",
          IPAddress: "",
          SSHPort: 0,
          SSHUser: "",
          SSHKeyPath: "",
        } as never),
      },
    );

  test("is none that DHCP gives away, another machine has, or this computer", () => {
    expect(free("192.168.59.1/24", [], [])).toBe("192.168.59.10");
    expect(free("192.168.59.1/24", [["192.168.59.3", "192.168.59.99"]], ["192.168.59.100"])).toBe("192.168.59.101");
    expect(free("192.168.59.10/24", [], [])).toBe("192.168.59.11");
  });

  test("is looked for elsewhere by each machine, up to the last one", () => {
    expect(free("192.168.59.1/24", [], [], "080027000005")).toBe("192.168.59.15");
    expect(free("192.168.59.1/24", [], [], "0800270000F4")).toBe("192.168.59.254");
    expect(free("192.168.59.1/24", [], [], "0800270000F5")).toBe("192.168.59.10");
  });

  test("is found in a small network, until that is full", () => {
    expect(free("192.168.59.1/29", [], [])).toBe("192.168.59.2");
    const all = ["2", "3", "4", "5", "6"].map((last) => `192.168.59.${last}`);
    expect(() => free("192.168.59.1/29", [], all)).toThrow("web: no address of 192.168.59.1/29 is free");
  });
});

function network(cidr: string): Network {
  const found = networkOf(cidr);
  if (found === undefined) throw new Error(cidr);
  return found;
}

function adapter(name: string, cidr: string): HostOnly {
  return { name, network: network(cidr), leased: [] };
}
