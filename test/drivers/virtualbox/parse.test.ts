import { describe, expect, test } from "vitest";
import {
  maskOf,
  networkOf,
  numberOf,
  overlap,
  prefixOf,
  textOf,
  type Network,
} from "../../../drivers/virtualbox/address.js";
import { isAtLeast, parseBlocks, parseInfo, parseList, parseVersion } from "../../../drivers/virtualbox/parse.js";
import { linuxRoutes, netstatRoutes } from "../../../drivers/virtualbox/routes.js";
import { addressAt } from "../../../drivers/virtualbox/wait.js";

describe("the version", () => {
  test.each([
    ["7.2.4r170995\n", 7, 2],
    ["7.1.6_Ubuntur167084\n", 7, 1],
    ["6.1.50_Debianr161033\r\n", 6, 1],
    [
      "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n         available.\n7.0.20r163906\n",
      7,
      0,
    ],
  ])("of %j is %i.%i", (text, major, minor) => {
    expect(parseVersion(text)).toMatchObject({ major, minor });
  });

  test("is none in other text, and is compared by numbers", () => {
    expect(parseVersion("VBoxManage: error: Failed to create the VirtualBox object!")).toBeUndefined();
    const version = { major: 7, minor: 10, text: "" };
    expect([isAtLeast(version, 7, 9), isAtLeast(version, 7, 11), isAtLeast(version, 6, 50)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("what VBoxManage prints", () => {
  test("for machines is read with its quotes, its escapes and odd keys", () => {
    const info = parseInfo(
      [
        'name="a \\"b\\" = c"',
        "memory=1024",
        'CfgFile="C:\\\\VMs\\\\web\\\\web.vbox"',
        '"SATA-ImageUUID-1-0"="d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11"',
        'Forwarding(0)="ssh,tcp,127.0.0.1,2222,,22"',
        "GuestMemoryBalloon=0\r",
        "",
        "a line of its own",
      ].join("\n"),
    );
    expect(Object.fromEntries(info)).toEqual({
      name: 'a "b" = c',
      memory: "1024",
      CfgFile: "C:\\VMs\\web\\web.vbox",
      "SATA-ImageUUID-1-0": "d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11",
      "Forwarding(0)": "ssh,tcp,127.0.0.1,2222,,22",
      GuestMemoryBalloon: "0",
    });
  });

  test("in blocks is read one by one, on Windows as well", () => {
    const text =
      "Name:            VirtualBox Host-Only Ethernet Adapter #2\r\nIPAddress:       192.168.59.1\r\n" +
      "IPV6Address:     fe80::1\r\n\r\nName:            vboxnet1\r\nIPAddress:       \r\n\r\n";
    expect(parseBlocks(text).map((block) => Object.fromEntries(block))).toEqual([
      { Name: "VirtualBox Host-Only Ethernet Adapter #2", IPAddress: "192.168.59.1", IPV6Address: "fe80::1" },
      { Name: "vboxnet1", IPAddress: "" },
    ]);
    expect(parseBlocks("\n")).toEqual([]);
    const nets = "Name: a\nGUID: 1\n\nState: Enabled\n\nName: b\nGUID: 2\n\nState: Disabled\n\n";
    expect(parseBlocks(nets).map((block) => [...block.values()])).toEqual([
      ["a", "1", "Enabled"],
      ["b", "2", "Disabled"],
    ]);
  });

  test("for all machines is read with whatever is in their names", () => {
    const id = "d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11";
    expect(parseList(`"my "web" box" {${id}}\n"<inaccessible>" {${id}}\r\n`)).toEqual([
      { name: 'my "web" box', id },
      { name: "<inaccessible>", id },
    ]);
  });
});

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

test("the address of an adapter is found by its MAC address among all that ip shows", () => {
  const shown = [
    "2: eth0: <UP> mtu 1500",
    "    link/ether 08:00:27:aa:bb:01 brd ff:ff:ff:ff:ff:ff",
    "    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0",
    "3: eth1: <UP> mtu 1500",
    "    link/ether 08:00:27:aa:bb:02 brd ff:ff:ff:ff:ff:ff",
    "    inet6 fe80::1/64 scope link",
    "    inet 192.168.99.101/24 brd 192.168.99.255 scope global eth1",
  ].join("\n");
  expect(addressAt(shown, "080027AABB02")).toBe("192.168.99.101");
  expect([addressAt(shown, "080027AABB03"), addressAt(shown, "")]).toEqual([undefined, undefined]);
});

function network(cidr: string): Network {
  const found = networkOf(cidr);
  if (found === undefined) throw new Error(cidr);
  return found;
}
