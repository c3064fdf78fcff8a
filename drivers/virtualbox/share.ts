import type { Shell } from "../../src/driver/index.js";
import type { Computer } from "./computer.js";
import { vmOf, type VirtualBoxState, type VBoxMachine } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

interface SharedFolder {
  readonly folder: string;
  /** What it is called on the machine, where it is mounted below `/`. */
  readonly name: string;
}

/** docker-machine's: the users' homes. */
function homes({ platform }: Computer): SharedFolder {
  if (platform === "darwin") return { folder: "/Users", name: "Users" };
  if (platform === "win32") return { folder: "\\\\?\\c:\\Users", name: "c/Users" };
  return { folder: "/home", name: "hosthome" };
}

/** The folder of this computer that the machine gets; undefined: none. */
async function shareOf(computer: Computer, state: VirtualBoxState): Promise<SharedFolder | undefined> {
  if (state.NoShare) return undefined;
  const at = state.ShareFolder.lastIndexOf(":");
  const share =
    at < 0 ? homes(computer) : { folder: state.ShareFolder.slice(0, at), name: state.ShareFolder.slice(at + 1) };
  return (await computer.exists(share.folder)) ? share : undefined;
}

export async function addShare(vbox: VBoxManage, state: VirtualBoxState): Promise<void> {
  const share = await shareOf(vbox.computer, state);
  if (share === undefined) return;
  const { name, folder } = share;
  await vbox.run("sharedfolder", "add", vmOf(state), "--name", name, "--hostpath", folder, "--automount");
  await vbox.run("setextradata", vmOf(state), `VBoxInternal2/SharedFoldersEnableSymlinksCreate/${name}`, "1");
}

/**
 * Mounts the folder on a machine whose kernel has vboxsf, for good; cloud images have no guest additions that would.
 * Returns what to tell where it has not.
 */
export async function mountShare(
  computer: Computer,
  { state }: VBoxMachine,
  shell: Shell,
): Promise<string | undefined> {
  const share = await shareOf(computer, state);
  if (share === undefined) return undefined;
  const [source, target] = [share.name, `/${share.name}`].map((path) => path.replaceAll(" ", "\\040"));
  const line = `${source ?? ""} ${target ?? ""} vboxsf nofail,uid=1000,gid=1000 0 0`;
  const script = [
    `sudo -n modprobe vboxsf || exit 3`,
    `sudo -n mkdir -p ${quoted(`/${share.name}`)}`,
    `grep -qxF ${quoted(line)} /etc/fstab || echo ${quoted(line)} | sudo -n tee -a /etc/fstab >/dev/null`,
    `sudo -n mount ${quoted(`/${share.name}`)}`,
  ].join("\n");
  const { code } = await shell.exec(script, { purpose: "mount the shared folder" });
  if (code === 0) return undefined;
  const why = code === 3 ? "the image's kernel has no vboxsf" : `it cannot be mounted (status ${String(code)})`;
  return `${share.folder} is shared as ${share.name}, but ${why}; --virtualbox-no-share shares nothing`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
