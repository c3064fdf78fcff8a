import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeKeyPair } from "../../../src/driver/key-pair.js";
import { seedImage } from "../../../src/vm/seed/seed.js";
import { output } from "../../support/command.js";
import type { VirtualBox } from "./index.js";

/** How a VM of vagrant's is made. */
export interface VagrantOptions {
  /** qcow2; it becomes the box. */
  readonly disk: string;
  /** In seconds. */
  readonly bootTimeout: number;
}

/** Of vagrant's VM in its host-only network. */
export const address = "192.168.56.40";

const macs = ["08:00:27:00:00:01", "08:00:27:00:00:02"] as const;

/** The environment of vagrant that finds only that VirtualBox, and keeps all it has in a folder. */
export function vagrantEnv(box: VirtualBox, folder: string): Readonly<Record<string, string | undefined>> {
  return {
    ...process.env,
    ...box.env,
    VAGRANT_HOME: join(folder, "home"),
    VAGRANT_CWD: folder,
    VAGRANT_CHECKPOINT_DISABLE: "1",
  };
}

/** Writes a box with one VM, `tiny.box`, and the Vagrantfile that uses it: a seed lets its user `docker` in. */
export async function writeVagrantBox(folder: string, { disk, bootTimeout }: VagrantOptions): Promise<void> {
  const [user, hostKey] = [makeKeyPair("vagrant"), makeKeyPair("tiny")];
  await writeFile(join(folder, "key"), user.privateKey, { mode: 0o600 });
  const interfaces = [{ mac: macs[0] }, { mac: macs[1], address: `${address}/24` }];
  const login = { name: "tiny", instanceId: "tiny-1", user: "docker", authorizedKey: user.publicKey };
  await writeFile(join(folder, "seed.iso"), await seedImage({ ...login, hostKey, interfaces }));
  const vmdk = join(folder, "box.vmdk");
  await output("qemu-img", ["convert", "-O", "vmdk", "-o", "subformat=streamOptimized", disk, vmdk]);
  const { "virtual-size": size } = JSON.parse(await output("qemu-img", ["info", "--output=json", disk])) as {
    "virtual-size": number;
  };
  await writeFile(join(folder, "box.ovf"), ovf(size));
  await writeFile(join(folder, "metadata.json"), '{"provider": "virtualbox"}');
  await output("tar", ["-C", folder, "-cf", join(folder, "tiny.box"), "metadata.json", "box.ovf", "box.vmdk"]);
  await writeFile(join(folder, "Vagrantfile"), vagrantfile(folder, bootTimeout));
}

function ovf(capacity: number): string {
  const items = [
    { ResourceType: 3, VirtualQuantity: 2 },
    { ResourceType: 4, VirtualQuantity: 1024 },
    { ResourceType: 20, ResourceSubType: "VirtioSCSI" },
    { ResourceType: 17, AddressOnParent: 0, HostResource: "/disk/vmdisk1", Parent: 3 },
    { ResourceType: 10, ResourceSubType: "E1000", Connection: "NAT" },
  ];
  const texts = items.map((item, place) =>
    Object.entries({ InstanceID: place + 1, ...item }).map(
      ([name, value]) => `<rasd:${name}>${String(value)}</rasd:${name}>`,
    ),
  );
  return `<?xml version="1.0"?>
<Envelope ovf:version="1.0">
  <References><File ovf:id="file1" ovf:href="box.vmdk"/></References>
  <DiskSection><Disk ovf:capacity="${String(capacity)}" ovf:diskId="vmdisk1" ovf:fileRef="file1"/></DiskSection>
  <VirtualSystem ovf:id="tiny">
    <OperatingSystemSection ovf:id="96"><vbox:OSType ovf:required="false">Debian_64</vbox:OSType></OperatingSystemSection>
    <VirtualHardwareSection>
${texts.map((each) => `      <Item>${each.join("")}</Item>\n`).join("")}    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** The guest's kernel knows virtio only; where it has no console it waits for minutes. */
function vagrantfile(folder: string, bootTimeout: number): string {
  const [first, second] = macs.map((mac) => mac.replaceAll(":", ""));
  const seed = `"--type", "dvddrive", "--medium", "${folder}/seed.iso"`;
  return `Vagrant.configure("2") do |config|
  config.vm.box = "tiny"
  config.vm.base_mac = "${first ?? ""}"
  config.vm.boot_timeout = ${String(bootTimeout)}
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.network "private_network", ip: "${address}", mac: "${second ?? ""}", auto_config: false
  config.ssh.username = "docker"
  config.ssh.private_key_path = "${folder}/key"
  config.ssh.insert_key = false
  config.vm.provider "virtualbox" do |box|
    box.check_guest_additions = false
    box.default_nic_type = "virtio"
    box.customize ["modifyvm", :id, "--uart1", "0x3F8", "4", "--uartmode1", "file", "${folder}/console.log"]
    box.customize ["storageattach", :id, "--storagectl", "VirtIO Controller", "--port", "1", ${seed}]
  end
end
`;
}
