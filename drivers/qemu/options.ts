import { integer, list, text, type Values } from "../../src/driver/index.js";

export const options = {
  image: text({ help: "Image: a name of `machine image ls`, a URL or a file", default: "debian-13", ask: true }),
  imageDigest: text({ help: "Digest that an image by URL or file must have: sha256:HEX or sha512:HEX", default: "" }),
  cpuCount: integer({ help: "Number of CPUs", default: 2, min: 1, max: 255, ask: true }),
  memory: integer({ help: "Memory in MB", default: 2048, min: 256, ask: true }),
  diskSize: integer({
    help: "Size of the disk in MB, of which it takes up what is used",
    default: 20_000,
    min: 1000,
    ask: true,
  }),
  sshUser: text({ help: "User that is made in the machine", default: "docker" }),
  userdata: text({ help: "File with a cloud-config or a script for the first boot", default: "" }),
  shareFolder: list({ help: "Folder of this computer to mount in the machine: HOSTDIR:GUESTDIR" }),
  network: text({
    help: "user; socket to reach the other machines of the store; tap:INTERFACE; vmnet on macOS",
    default: "user",
  }),
  enginePort: integer({ help: "Port on this computer for the engine; default: a free one", min: 1, max: 65_535 }),
};

export type QemuOptions = Values<typeof options>;
