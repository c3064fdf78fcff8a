import { describe, expect, test } from "vitest";
import { maskOf, networkOf, numberOf, overlap, prefixOf, textOf, type Network } from "../../src/vm/index.js";
import { linuxRoutes, netstatRoutes } from "../../src/vm/network/routes.js";

describe("addresses", () => {
  test("are numbers and text", () => {
    expect([numberOf("192.168.59.1"), numberOf("256.0.0.1"), numberOf("1.2.3")]).toEqual([
      3_232_250_625,
      undefined,
      undefined,
    ]);
    expect(textOf(3_232_250_625)).toBe("192.168.59.1");
    expect([maskOf(24), maskOf(0), maskOf(32), maskOf(21)]).toEqual([
      ...["255.255.255.0", "0.0.0.0", "255.255.255.255", "255.255.248.0"],
    ]);
    expect([prefixOf("255.255.255.0"), prefixOf("255.0.255.0")]).toEqual([24, undefined]);
  });

  test("overlap where one network is in the other", () => {
    const [small, large] = [network("192.168.59.1/24"), network("192.168.56.0/21")];
    expect([overlap(small, large), overlap(large, small)]).toEqual([true, true]);
    expect(overlap(small, network("192.168.64.0/24"))).toBe(false);
  });
});

describe("routes", () => {
  const texts = (routes: readonly Network[]): string[] =>
    routes.map(({ base, prefix }) => `${textOf(base)}/${String(prefix)}`);

  test("of Linux are read, without the default one", () => {
    const text = [
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
      "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "vboxnet0\t003BA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    ].join("\n");
    expect(texts(linuxRoutes(text))).toEqual(["192.168.59.0/24"]);
  });

  test("of macOS are read in their short forms, without a VPN's two halves of the internet", () => {
    const text = [
      "Routing tables",
      "",
      "Destination        Gateway            Flags               Netif Expire",
      "default            192.168.1.1        UGScg                 en0",
      "0/1                10.8.0.1           UGScg               utun3",
      "10.8/16            10.8.0.1           UGSc                utun3",
      "127                127.0.0.1          UCS                   lo0",
      "192.168.59         link#20            UC              bridge100      !",
      "192.168.1.7        link#4             UHS                   en0",
      "fe80::%lo0/64      fe80::1%lo0        UcI                   lo0",
    ].join("\n");
    expect(texts(netstatRoutes(text))).toEqual(["10.8.0.0/16", "127.0.0.0/8", "192.168.59.0/24", "192.168.1.7/32"]);
  });

  test("of Windows are read with their masks", () => {
    const text = [
      "Network Destination        Netmask          Gateway       Interface  Metric",
      "          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.20     25",
      "     192.168.56.0    255.255.255.0         On-link      192.168.56.1    281",
      "  255.255.255.255  255.255.255.255         On-link      192.168.56.1    281",
    ].join("\r\n");
    expect(texts(netstatRoutes(text))).toEqual(["192.168.56.0/24", "255.255.255.255/32"]);
  });
});

function network(cidr: string): Network {
  const found = networkOf(cidr);
  if (found === undefined) throw new Error(cidr);
  return found;
}
