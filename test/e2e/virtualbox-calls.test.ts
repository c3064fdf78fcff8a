import { describe, expect, test } from "vitest";
import { trial, type Trial } from "../drivers/virtualbox/on-stand-in.js";

type Version = "6.1.26" | "6.1.50" | "7.0.20" | "7.1.6" | "7.2.4";
type System = "linux" | "darwin" | "windows";

/** What is asked of each VirtualBox, where it is not the same everywhere. */
interface Wording {
  readonly networks: readonly string[];
  readonly makeNetwork: readonly string[];
  readonly system: string;
  readonly board: string;
  readonly connect: string;
}

const bios =
  "--firmware bios --bioslogofadein off --bioslogofadeout off --bioslogodisplaytime 0 --biosbootmenu disabled " +
  "--acpi on --ioapic on --rtcuseutc on --graphicscontroller vmsvga --vram 16 " +
  "--natdnshostresolver1 off --natdnsproxy1 on --boot1 disk --boot2 none --boot3 none --boot4 none";
const arm =
  "--chipset armv8virtual --firmware efi64 --graphicscontroller qemuramfb --rtcuseutc on " +
  "--natdnshostresolver1 off --natdnsproxy1 on --boot1 disk";

const adapterNames = { linux: "vboxnet0", darwin: "vboxnet0", windows: "VirtualBox Host-Only Ethernet Adapter" };

function wording(version: Version, system: System, isArm: boolean): Wording {
  const hasNets = system === "darwin" && !version.startsWith("6");
  const hasPlatforms = version.startsWith("7.1") || version.startsWith("7.2");
  const adapter = adapterNames[system];
  return {
    networks: hasNets ? ["list hostonlynets"] : ["list hostonlyifs"],
    makeNetwork: hasNets
      ? [
          "hostonlynet add --name machine-192.168.59.0 --netmask 255.255.255.0 --lower-ip 192.168.59.1 --upper-ip 192.168.59.9 --enable",
        ]
      : ["hostonlyif create", `hostonlyif ipconfig ${adapter} --ip 192.168.59.1 --netmask 255.255.255.0`],
    system: isArm
      ? "--ostype Debian_arm64 --platform-architecture arm"
      : `--ostype Linux26_64${hasPlatforms ? " --platform-architecture x86" : ""}`,
    board: isArm ? arm : bios,
    connect: hasNets
      ? "--nic2 hostonlynet --nictype2 virtio --nicpromisc2 deny --host-only-net2 machine-192.168.59.0"
      : `--nic2 hostonly --nictype2 virtio --nicpromisc2 deny --hostonlyadapter2 ${adapter}`,
  };
}

function created({ networks, makeNetwork, system, board, connect }: Wording, before: readonly string[]): string[] {
  return [
    ...[...before, ...networks, ...makeNetwork],
    ...["showvminfo $VM --machinereadable", "list hdds", "list dvds"],
    ...["--version", `createvm --basefolder $M --name web --uuid $VM ${system} --register`],
    ...["setextradata $VM machine/owner store-1", "setextradata $VM machine/name web"],
    `modifyvm $VM --cpus 1 --memory 2048 ${board} --uart1 0x3F8 4 --uartmode1 file $M/console.log`,
    "modifyvm $VM --nic1 nat --nictype1 virtio --macaddress1 $MAC1 --cableconnected1 on",
    "storagectl $VM --name VirtIO --add virtio --controller VirtIO --hostiocache on",
    "storageattach $VM --storagectl VirtIO --port 1 --device 0 --type dvddrive --medium $M/seed.iso",
    "storageattach $VM --storagectl VirtIO --port 0 --device 0 --type hdd --medium $M/disk.vdi",
    ...["showvminfo $VM --machinereadable", ...before, ...networks, ...servers(networks)],
    `modifyvm $VM ${connect} --macaddress2 $MAC2 --cableconnected2 on`,
    "modifyvm $VM --natpf1 ssh,tcp,127.0.0.1,$PORT,,22",
    ...["startvm $VM --type headless", ...after(networks)],
    ...["--version", "showvminfo $VM --machinereadable"],
    "storageattach $VM --storagectl VirtIO --port 1 --device 0 --type dvddrive --medium emptydrive --forceunmount",
    "closemedium dvd $M/seed.iso",
  ];
}

/** Only adapters have servers of their own, and lose their addresses when a virtual machine starts. */
function servers(networks: Wording["networks"]): string[] {
  return networks.includes("list hostonlyifs") ? ["list dhcpservers"] : [];
}
function after(networks: Wording["networks"]): string[] {
  return networks.includes("list hostonlyifs") ? [...networks, ...servers(networks)] : [];
}

const x86 = (["6.1.50", "7.0.20", "7.1.6", "7.2.4"] as const).flatMap((version) =>
  (["linux", "darwin", "windows"] as const).map((system) => [version, system, "x86"] as const),
);

describe("what VBoxManage is asked", () => {
  test.each([
    ...x86,
    ["6.1.26", "linux", "x86"] as const,
    ["7.2.4", "darwin", "arm"] as const,
    ["7.2.4", "windows", "arm"] as const,
  ])(
    "by VirtualBox %s on %s, %s, to create, stop, start and remove a machine",
    async (version, system, architecture) => {
      const words = wording(version, system, architecture === "arm");
      const onMac = system === "darwin" ? ["--version"] : [];
      const ran = await run({ version, system, architecture }, async (machine) => {
        const planned = await machine.asked();
        await machine.create();
        const made = await machine.asked();
        await machine.does("stop");
        const stopped = await machine.asked();
        await machine.does("start");
        const started = await machine.asked();
        await machine.driver.remove(machine.machine(), machine.io);
        return { planned, made, stopped, started, removed: await machine.asked() };
      });
      expect(ran.planned).toEqual(["--version", "list vms", ...words.networks]);
      expect(ran.made).toEqual(created(words, onMac));
      expect(ran.stopped).toEqual([
        ...["showvminfo $VM --machinereadable", "controlvm $VM acpipowerbutton", "showvminfo $VM --machinereadable"],
      ]);
      expect(ran.started).toEqual([
        ...["showvminfo $VM --machinereadable", ...onMac, ...words.networks, ...servers(words.networks)],
        ...["startvm $VM --type headless", ...after(words.networks)],
      ]);
      expect(ran.removed).toEqual([
        ...["showvminfo $VM --machinereadable", "controlvm $VM poweroff", "showvminfo $VM --machinereadable"],
        ...["unregistervm $VM --delete", "list hdds", "list dvds"],
      ]);
    },
  );
});

async function run<T>(
  { version, system, architecture }: { version: Version; system: System; architecture: "x86" | "arm" },
  work: (machine: Trial) => Promise<T>,
): Promise<T> {
  const on = {
    platform: system === "windows" ? "win32" : system,
    architecture: architecture === "arm" ? ("arm64" as const) : ("amd64" as const),
  };
  const machine = await trial({ version, system, architecture }, on, { noShare: true });
  try {
    return await work(machine);
  } finally {
    await machine.end();
  }
}
