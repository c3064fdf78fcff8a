import { arch, availableParallelism, homedir, platform } from "node:os";
import { sshResponds, type Io } from "../../src/driver/index.js";
import { ownNetworks, routedNetworks, type Architecture, type Network } from "../../src/vm/index.js";

/** What the driver must know of the computer that VirtualBox runs on; a test describes another one. */
export interface Computer {
  /** As Node calls it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  readonly architecture: Architecture;
  readonly cpus: number;
  readonly home: string;
  exists(path: string): Promise<boolean>;
  /** Text of a file; empty where it cannot be read. */
  read(path: string): Promise<string>;
  /** The IPv4 networks of its interfaces; `host` is its own address. */
  networks(): readonly Network[];
  /** Where its routes lead to, but for the default ones. */
  routes(io: Io): Promise<readonly Network[]>;
  /** True when an ssh server responds at one of its loopback ports. */
  sshResponds(port: number): Promise<boolean>;
  /** False where the processor has no virtualization, or the firmware has switched it off. */
  canVirtualize(io: Io): Promise<boolean>;
}

/** The one that this program runs on. */
export function thisComputer(): Computer {
  const system = platform();
  const architecture: Architecture = arch() === "arm64" ? "arm64" : "amd64";
  return {
    platform: system,
    architecture,
    cpus: availableParallelism(),
    home: homedir(),
    exists: async (path) => (await import("node:fs")).existsSync(path),
    read: (path) => textOf(path, ""),
    networks: ownNetworks,
    routes: (io) => routedNetworks(system, io),
    sshResponds,
    canVirtualize: (io) => canVirtualize(system, architecture, io),
  };
}

/** Text of a file, or what stands for it where it cannot be read. */
async function textOf(path: string, otherwise: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(path, "utf8").catch(() => otherwise);
}

/** Windows does not say it where Hyper-V has it, which VirtualBox can use. ARM processors always have it. */
async function canVirtualize(system: string, architecture: Architecture, io: Io): Promise<boolean> {
  if (architecture === "arm64") return true;
  if (system === "linux") return /\b(vmx|svm)\b/.test(await textOf("/proc/cpuinfo", "vmx"));
  if (system !== "darwin") return true;
  const { stdout } = await io.run("sysctl", ["-n", "machdep.cpu.features"]).catch(() => ({ stdout: "VMX" }));
  return /\bVMX\b/.test(stdout);
}
