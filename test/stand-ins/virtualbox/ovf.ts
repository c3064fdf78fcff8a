import { readFileSync } from "node:fs";

/** What an appliance's description says of its one machine. */
export interface Ovf {
  readonly name: string;
  readonly osType: string;
  readonly cpus: string;
  /** In MB. */
  readonly memory: string;
  readonly adapters: readonly { readonly network: string; readonly type: string }[];
  readonly controllers: readonly OvfController[];
}

export interface OvfController {
  readonly id: string;
  readonly bus: "ide" | "sata" | "virtio";
  readonly disks: readonly { readonly file: string; readonly size: string; readonly port: number }[];
}

interface Item {
  readonly [name: string]: string | undefined;
}

/** Reads a description as VirtualBox writes it; of its XML only what is needed. */
export function readOvf(file: string): Ovf {
  const text = readFileSync(file, "utf8");
  const items = [...text.matchAll(/<Item>(.*?)<\/Item>/gs)].map(([, item = ""]) => readItem(item));
  const ofType = (...types: readonly string[]): readonly Item[] =>
    items.filter((each) => types.includes(each["ResourceType"] ?? ""));
  return {
    name: /<VirtualSystem [^>]*ovf:id="([^"]+)"/.exec(text)?.[1] ?? "vm",
    osType: /<vbox:OSType[^>]*>([^<]+)</.exec(text)?.[1] ?? "Other",
    cpus: ofType("3")[0]?.["VirtualQuantity"] ?? "1",
    memory: ofType("4")[0]?.["VirtualQuantity"] ?? "512",
    adapters: ofType("10").map((each) => ({
      network: each["Connection"] ?? "NAT",
      type: each["ResourceSubType"] ?? "E1000",
    })),
    controllers: ofType("5", "20").map((each) => readController(text, each, ofType("17"))),
  };
}

function readItem(text: string): Item {
  const fields = [...text.matchAll(/<rasd:(\w+)>([^<]*)</g)].map(([, name = "", value = ""]) => [name, value] as const);
  return Object.fromEntries(fields);
}

function readController(text: string, item: Item, disks: readonly Item[]): OvfController {
  const [id = "", type] = [item["InstanceID"], item["ResourceSubType"]];
  const bus = type === "AHCI" ? "sata" : type === "VirtioSCSI" ? "virtio" : "ide";
  const own = disks.filter((each) => each["Parent"] === id);
  return {
    id,
    bus,
    disks: own.map((each) => ({ ...readDisk(text, each), port: Number(each["AddressOnParent"] ?? "0") })),
  };
}

function readDisk(text: string, item: Item): { readonly file: string; readonly size: string } {
  const diskId = item["HostResource"]?.split("/").at(-1) ?? "";
  const disk = new RegExp(`<Disk [^>]*ovf:diskId="${diskId}"[^>]*>`).exec(text)?.[0] ?? "";
  const fileRef = /ovf:fileRef="([^"]+)"/.exec(disk)?.[1] ?? "";
  const reference = new RegExp(`<File [^>]*ovf:id="${fileRef}"[^>]*>`).exec(text)?.[0] ?? "";
  return { file: /ovf:href="([^"]+)"/.exec(reference)?.[1] ?? "", size: /ovf:capacity="(\d+)"/.exec(disk)?.[1] ?? "" };
}
