import { platform as systemPlatform } from "node:os";
import { absolutePath, isExpected, MachineError, type Io, type MachinePlan } from "../../src/driver/index.js";
import { checkUserData, chooseImage, hostArchitecture, type Architecture } from "../../src/vm/index.js";
import { programOf } from "./accelerator.js";
import { findFirmware } from "./firmware.js";
import { networks, type QemuState } from "./state.js";
import type { QemuOptions } from "./options.js";
import { checkShares } from "./share.js";

/** Checks the options and that this computer has what is needed. */
export async function plan(
  given: QemuOptions,
  { common }: MachinePlan,
  io: Io,
  platform = systemPlatform(),
): Promise<QemuState> {
  const architecture = hostArchitecture();
  const { url, digest } = chooseImage(given.image, given.imageDigest, architecture, io.env);
  const ShareFolders = await checkOptions(given, platform, io);
  await checkPrograms(io, architecture, platform);
  return {
    ...common,
    IPAddress: "127.0.0.1",
    SSHUser: given.sshUser,
    MachineId: crypto.randomUUID(),
    Architecture: architecture,
    ImageURL: url,
    ImageDigest: digest,
    CPU: given.cpuCount,
    Memory: given.memory,
    DiskSize: given.diskSize,
    UserDataFile: given.userdata === "" ? "" : absolutePath(given.userdata, io.env),
    ShareFolders,
    Network: given.network,
    NetworkAddress: "",
    EnginePort: given.enginePort ?? 0,
    MonitorPort: 0,
    SSHHostKey: "",
  };
}

/** The folders to share. @throws MachineError `usage` with all that is wrong */
async function checkOptions(
  given: QemuOptions,
  platform: NodeJS.Platform,
  { env }: Pick<Io, "env">,
): Promise<readonly string[]> {
  const { network, sshUser, userdata } = given;
  const { folders, problem } = await checkShares(given.shareFolder, platform, env);
  const hasNetwork = network === "vmnet" ? platform === "darwin" : network === "user" || platform !== "win32";
  const problems = [
    problem,
    networks.test(network)
      ? undefined
      : `--qemu-network must be user, socket, tap:INTERFACE or vmnet, not "${network}"`,
    hasNetwork ? undefined : `--qemu-network: QEMU has no network "${network}" on this system`,
    /^[a-z_][a-z0-9_-]{0,31}$/.test(sshUser) && sshUser !== "root"
      ? undefined
      : `--qemu-ssh-user must be the name of a user other than root, not "${sshUser}"`,
  ].filter((one) => one !== undefined);
  if (problems.length > 0) throw new MachineError("usage", problems.join("\n"));
  if (userdata !== "") await checkUserData(absolutePath(userdata, env), "--qemu-userdata");
  return folders;
}

/**
 * Both programs are there, and UEFI where it is needed. Returns QEMU's version.
 * @throws MachineError `precheck` with what to install
 */
export async function checkPrograms(
  io: Pick<Io, "run">,
  architecture: Architecture,
  platform: NodeJS.Platform,
): Promise<string> {
  const program = programOf(architecture);
  let version = "";
  for (const [file, args] of [
    ["qemu-img", ["--version"]],
    [program, ["--version"]],
  ] as const) {
    const { stdout } = await io.run(file, args).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
      throw needs(`the qemu driver needs ${file}: ${error.message}`, architecture, error);
    });
    version = /version (\d+[\d.]*)/.exec(stdout)?.[1] ?? "";
    if (parseInt(version || "0", 10) < 6)
      throw needs(`the qemu driver needs QEMU 6 or later, not ${version}`, architecture);
  }
  if (architecture === "arm64" && (await findFirmware()) === undefined) {
    throw needs("the qemu driver finds no UEFI for arm64 on this computer", architecture);
  }
  if (platform === "linux" || platform === "darwin" || platform === "win32") return version;
  throw new MachineError("precheck", `the qemu driver does not know the system ${platform}`);
}

/** What to install, for Debian, Fedora, macOS and Windows. */
function needs(message: string, architecture: Architecture, cause?: unknown): MachineError {
  const [debian, fedora] =
    architecture === "amd64"
      ? ["qemu-system-x86 qemu-utils", "qemu-system-x86-core qemu-img"]
      : ["qemu-system-arm qemu-efi-aarch64 qemu-utils", "qemu-system-aarch64-core qemu-img edk2-aarch64"];
  return new MachineError("precheck", message, {
    hint:
      `install it: apt-get install ${debian} (Debian, Ubuntu), dnf install ${fedora} (Fedora), brew install qemu ` +
      "(macOS), or the installer of qemu.org and its folder in PATH (Windows)",
    cause,
  });
}
