import type { OptionDefinition } from "./getopt.js";
import { type Release, atLeast, hasHostOnlyNets } from "./release.js";

type Kind = OptionDefinition["kind"];

/** The spelling of 7 and the one before it, which stays valid. */
const strings = `name groups description os-type=ostype icon-file=iconfile firmware paravirt-provider=paravirtprovider
  paravirt-debug=paravirtdebug cpu-profile graphicscontroller bios-boot-menu=biosbootmenu bios-apic=biosapic
  bios-logo-image-path=bioslogoimagepath bios-system-time-offset=biossystemtimeoffset mouse keyboard
  audio-controller=audiocontroller audio-codec=audiocodec audio clipboard-mode=clipboard
  drag-and-drop=draganddrop vrde-property=vrdeproperty vrde-port=vrdeport vrde-address=vrdeaddress
  vrde-auth-type=vrdeauthtype vrde-auth-library=vrdeauthlibrary vrde-extpack=vrdeextpack usb-rename=usbrename
  snapshot-folder=snapshotfolder teleporter-address=teleporteraddress hardware-uuid=hardwareuuid chipset
  autostop-type default-frontend=defaultfrontend vm-process-priority tracing-config recording-file=recordingfile
  recording-opts=recordingopts`;

const switches = `page-fusion=pagefusion acpi ioapic cpu-hotplug=cpuhotplug rtc-use-utc=rtcuseutc
  accelerate-3d=accelerate3d bios-logo-fade-in=bioslogofadein bios-logo-fade-out=bioslogofadeout
  bios-pxe-debug=biospxedebug system-uuid-le audio-in=audioin audio-out=audioout vrde vrde-multi-con=vrdemulticon
  vrde-reuse-con=vrdereusecon vrde-video-channel=vrdevideochannel usb-xhci=usbxhci usb-ehci=usbehci usb-ohci=usbohci
  usb teleporter tracing-enabled tracing-allow-vm-access autostart-enabled recording usb-card-reader=usbcardreader
  iocache`;

const numbers = `memory vram cpus cpuid-portability-level plug-cpu=plugcpu unplug-cpu=unplugcpu
  cpu-execution-cap=cpuexecutioncap monitor-count=monitorcount bios-logo-display-time=bioslogodisplaytime
  guest-memory-balloon=guestmemoryballoon teleporter-port=teleporterport autostart-delay iocache-size=iocachesize`;

const perNicStrings = `nic-trace-file=nictracefile nic-property=nicproperty nic-type=nictype nic-promisc=nicpromisc
  nic-bandwidth-group=nicbandwidthgroup nic bridge-adapter=bridgeadapter host-only-adapter=hostonlyadapter intnet
  nic-generic-drv=nicgenericdrv nat-network=natnetwork nat-net=natnet nat-bind-ip=natbindip nat-settings=natsettings
  nat-alias-mode=nataliasmode nat-tftp-prefix=nattftpprefix nat-tftp-file=nattftpfile nat-tftp-server=nattftpserver
  mac-address=macaddress boot`;

const perNicSwitches = `nic-trace=nictrace cable-connected=cableconnected nat-dns-pass-domain=natdnspassdomain
  nat-dns-proxy=natdnsproxy nat-dns-host-resolver=natdnshostresolver`;

/** Those that only a PC's processor has; with `x86-` before them from 7.1. */
const x86Switches = `apic hpet hwvirtex ibpb-on-vm-entry ibpb-on-vm-exit l1d-flush-on-sched l1d-flush-on-vm-entry
  large-pages=largepages long-mode=longmode mds-clear-on-sched mds-clear-on-vm-entry nested-hw-virt
  nested-paging=nestedpaging pae spec-ctrl triple-fault-reset=triplefaultreset vtx-ux=vtxux vtx-vpid=vtxvpid x2apic`;

/** The ids are the older spellings without digits, which are also the names that showvminfo has. */
export function modifyOptions(release: Release): readonly OptionDefinition[] {
  const seven = atLeast(release, "7.0");
  return [
    ...table(release, strings, "string"),
    ...table(release, switches, "onoff"),
    ...table(release, numbers, "uint"),
    ...table(release, perNicStrings, "string", true),
    ...table(release, perNicSwitches, "onoff", true),
    ...table(release, "nic-speed=nicspeed nic-boot-prio=nicbootprio", "uint", true),
    ...table(release, x86Switches, "onoff").map((each) => withPrefix(release, each)),
    { ...named(release, "nat-pf=natpf", "string", true), further: (value) => (value === "delete" ? 1 : 0) },
    { ...named(release, "uart", "string", true), further: (value) => (/^off$/i.test(value) ? 0 : 1) },
    { ...named(release, "uart-mode=uartmode", "string", true), further: pathsOfMode },
    named(release, "uart-type=uarttype", "string", true),
    ...(release.system === "darwin" ? [] : table(release, "lpt-mode=lptmode lpt", "string", true)),
    ...(seven ? table(release, "nat-localhostreachable=natlocalhostreachable", "onoff", true) : []),
    ...(seven ? table(release, "audio-driver=audiodriver iommu tpm-type tpm-location", "string") : []),
    ...(seven ? table(release, "audio-enabled=audioenabled", "onoff") : []),
    ...(hasHostOnlyNets(release) ? [named(release, "host-only-net=hostonlynet", "string", true)] : []),
    ...(atLeast(release, "7.1") ? firmware : []),
  ];
}

const firmware: readonly OptionDefinition[] = [
  { id: "biosbootmenu", names: ["--firmware-boot-menu"], kind: "string" },
  { id: "biosapic", names: ["--firmware-apic"], kind: "string" },
  { id: "bioslogofadein", names: ["--firmware-logo-fade-in"], kind: "onoff" },
  { id: "bioslogofadeout", names: ["--firmware-logo-fade-out"], kind: "onoff" },
  { id: "bioslogodisplaytime", names: ["--firmware-logo-display-time"], kind: "uint" },
];

/** Whether an option is about a PC's processor, so that VMs of ARM refuse it. */
export function isForX86(id: string): boolean {
  return x86Switches.split(/\s+/).some((each) => (each.split("=")[1] ?? each) === id);
}

function table(release: Release, names: string, kind: Kind, indexed = false): readonly OptionDefinition[] {
  return names.split(/\s+/).map((each) => named(release, each, kind, indexed));
}

function named(release: Release, name: string, kind: Kind, indexed = false): OptionDefinition {
  const [dashed = "", old = dashed] = name.split("=");
  const names = atLeast(release, "7.0") ? [...new Set([dashed, old])] : [old];
  return { id: old, names: names.map((each) => `--${each}`), kind, indexed };
}

function withPrefix(release: Release, definition: OptionDefinition): OptionDefinition {
  if (!atLeast(release, "7.1")) return definition;
  return { ...definition, names: definition.names.flatMap((name) => [name, name.replace("--", "--x86-")]) };
}

function pathsOfMode(value: string): number {
  return /^(file|server|client|tcpserver|tcpclient)$/i.test(value) ? 1 : 0;
}
