import { boolean, integer, text, type Values } from "../../src/driver/index.js";

/** docker-machine's options in its order, then ours. */
export const options = {
  memory: integer({ help: "Memory in MB", default: 2048, env: "VIRTUALBOX_MEMORY_SIZE", ask: true }),
  cpuCount: integer({ help: "Number of CPUs; -1: as many as this computer has", default: 1, ask: true }),
  diskSize: integer({ help: "Size of the disk in MB", default: 20_000, ask: true }),
  boot2dockerUrl: text({
    help: "URL or file of a boot2docker ISO, which is booted in place of the image",
    default: "",
  }),
  importBoot2dockerVm: text({
    help: "Name of a boot2docker VM whose disk and key are taken over",
    default: "",
    env: "VIRTUALBOX_BOOT2DOCKER_IMPORT_VM",
  }),
  hostDnsResolver: boolean({ help: "Let the machine's name server ask this computer's resolver" }),
  natNictype: text({ help: "Type of the NAT network adapter", default: "virtio" }),
  hostonlyCidr: text({
    help: "This computer's address and the network mask on the host-only network; default: 192.168.59.1/24, or a free one near it",
    default: "",
  }),
  hostonlyNictype: text({
    help: "Type of the host-only network adapter",
    default: "virtio",
    env: "VIRTUALBOX_HOSTONLY_NIC_TYPE",
  }),
  hostonlyNicpromisc: text({
    help: "Promiscuous mode of the host-only network adapter: deny, allow-vms or allow-all",
    default: "deny",
    env: "VIRTUALBOX_HOSTONLY_NIC_PROMISC",
  }),
  uiType: text({ help: "How it is shown: headless, gui, sdl or separate", default: "headless" }),
  hostonlyNoDhcp: boolean({ help: "Switch off the host-only network's DHCP server, which only boot2docker needs" }),
  noShare: boolean({ help: "Share no folder of this computer" }),
  noDnsProxy: boolean({ help: "Do not pass the machine's DNS queries on by a proxy" }),
  noVtxCheck: boolean({ help: "Do not check that the processor's virtualization is switched on" }),
  shareFolder: text({ help: "Folder to share in place of the users' homes: FOLDER:NAME", default: "" }),
  image: text({
    help: "Image of the disk: a name that machine image ls lists, a URL or a file",
    default: "debian-13",
    ask: true,
  }),
  imageDigest: text({ help: "Digest that the image must have: sha256:HEX or sha512:HEX", default: "" }),
  sshUser: text({ help: "User that is made on the machine, with sudo", default: "docker" }),
  userdata: text({ help: "File of user data for cloud-init: a cloud-config or a script", default: "" }),
} as const;

export type VirtualBoxOptions = Values<typeof options>;
