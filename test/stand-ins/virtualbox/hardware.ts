import { randomBytes } from "node:crypto";
import type { Release } from "./release.js";
import { atLeast } from "./release.js";
import type { Hardware, Nic } from "./state.js";

/** Guest systems: id, description and what their VMs are. */
export const osTypes: readonly (readonly [string, string, "x86" | "ARM"])[] = [
  ["Other", "Other/Unknown", "x86"],
  ["Other_64", "Other/Unknown (64-bit)", "x86"],
  ["Linux26", "Linux 2.6 / 3.x / 4.x (32-bit)", "x86"],
  ["Linux26_64", "Linux 2.6 / 3.x / 4.x (64-bit)", "x86"],
  ["Debian", "Debian (32-bit)", "x86"],
  ["Debian_64", "Debian (64-bit)", "x86"],
  ["Fedora_64", "Fedora (64-bit)", "x86"],
  ["OpenSUSE_64", "openSUSE (64-bit)", "x86"],
  ["RedHat_64", "Red Hat (64-bit)", "x86"],
  ["Ubuntu", "Ubuntu (32-bit)", "x86"],
  ["Ubuntu_64", "Ubuntu (64-bit)", "x86"],
  ["Linux", "Other Linux (32-bit)", "x86"],
  ["Linux_64", "Other Linux (64-bit)", "x86"],
  ["Debian_arm64", "Debian (ARM 64-bit)", "ARM"],
  ["Ubuntu_arm64", "Ubuntu (ARM 64-bit)", "ARM"],
  ["Fedora_arm64", "Fedora (ARM 64-bit)", "ARM"],
  ["OtherLinux_arm64", "Other Linux (ARM 64-bit)", "ARM"],
];

export function osTypesOf(release: Release): typeof osTypes {
  return osTypes.filter(([, , platform]) => platform === "x86" || atLeast(release, "7.1"));
}

/** A new VM as VirtualBox makes one. */
export function newHardware(osType: string, platform: "x86" | "ARM"): Hardware {
  const nics = Array.from({ length: 8 }, (_, place) => newNic(place));
  const uarts = Array.from({ length: 4 }, () => ({ base: "", irq: "", mode: "disconnected" }));
  return {
    osType,
    settings: { ...common, ...(platform === "ARM" ? arm : x86) },
    ...{ nics, uarts, controllers: [], sharedFolders: [] },
  };
}

export function newMac(): string {
  return `080027${randomBytes(3).toString("hex").toUpperCase()}`;
}

function newNic(place: number): Nic {
  return {
    attachment: place === 0 ? "nat" : "none",
    ...{ type: "82540EM", mac: newMac(), cable: "on" },
    ...{ hostOnlyAdapter: "", hostOnlyNet: "", bridgeAdapter: "", intnet: "intnet", natNet: "", forwards: [] },
  };
}

const common = {
  ...{ memory: "128", pagefusion: "off", vram: "8", cpuexecutioncap: "100", "cpu-profile": "host", cpus: "1" },
  ...{ "cpuid-portability-level": "0", bootmenu: "messageandmenu" },
  ...{ boot1: "floppy", boot2: "dvd", boot3: "disk", boot4: "none", acpi: "on", ioapic: "off", biosapic: "apic" },
  ...{ biossystemtimeoffset: "0", rtcuseutc: "off", paravirtprovider: "default", effparavirtprovider: "none" },
  ...{ graphicscontroller: "vboxvga", monitorcount: "1", accelerate3d: "off" },
  ...{
    audio: "none",
    clipboard: "disabled",
    draganddrop: "disabled",
    vrde: "off",
    usb: "off",
    ehci: "off",
    xhci: "off",
  },
  ...{ hidpointing: "ps2mouse", hidkeyboard: "ps2kbd", description: "" },
};

const x86 = {
  ...{ chipset: "piix3", firmware: "BIOS", hpet: "off", pae: "on", longmode: "on", triplefaultreset: "off" },
  ...{ apic: "on", x2apic: "off", "nested-hw-virt": "off", hwvirtex: "on", nestedpaging: "on", largepages: "off" },
  ...{ vtxvpid: "on", vtxux: "on" },
};

const arm = { chipset: "armv8virtual", firmware: "EFI" };

/** An adapter as an appliance describes it: attached by NAT. */
export function addAdapter(hardware: Hardware, slot: number, type: string): void {
  const nic = hardware.nics[slot];
  if (!nic) return;
  nic.attachment = "nat";
  nic.type = /virtio/i.test(type) ? "virtio" : /^pcnet/i.test(type) ? "Am79C973" : "82540EM";
}
