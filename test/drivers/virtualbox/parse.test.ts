import { describe, expect, test } from "vitest";
import { isAtLeast, parseBlocks, parseInfo, parseList, parseVersion } from "../../../drivers/virtualbox/parse.js";
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
    const version = { major: 7, minor: 10, patch: 3, text: "" };
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

  const warning = "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n  available: reboot.\n";

  test("in blocks is read behind a warning", () => {
    const text = `${warning}Name:  vboxnet0\nIPAddress:  192.168.59.1\n\nName:  vboxnet1\nIPAddress:  192.168.60.1\n`;
    expect(parseBlocks(text).map((block) => Object.fromEntries(block))).toEqual([
      { Name: "vboxnet0", IPAddress: "192.168.59.1" },
      { Name: "vboxnet1", IPAddress: "192.168.60.1" },
    ]);
  });

  test("before its version is kept as a warning", () => {
    expect(parseVersion(`${warning}7.0.20r163906\n`)?.warning).toBe(warning.trim());
    expect(parseVersion("7.0.20r163906\n")).not.toHaveProperty("warning");
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
