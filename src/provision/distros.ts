import { MachineError } from "../driver/index.js";
import type { OsRelease } from "./os-release.js";

/** A family of distributions: what provisioning has to know of it, as data. */
export interface Distro {
  readonly name: string;
  /** Compared with ID, then with each of ID_LIKE. */
  readonly ids: readonly string[];
  /** The file `templates/provision/packages-NAME.sh`; none: the system has no package manager. */
  readonly packages: "apt" | "dnf" | "zypper" | "pacman" | "apk" | "none";
  /** The packages that are the engine, its own first; those with a `?` only where the distribution has them. */
  readonly engine: readonly string[];
  /** Repository of the vendor that `engine` comes from, where the distribution has no engine of its own. */
  readonly repository?: string;
  /** The script of get.docker.com knows it. */
  readonly getDocker: boolean;
}

const vendorPackages = [
  "docker-ce",
  "docker-ce-cli",
  "containerd.io",
  "docker-buildx-plugin?",
  "docker-compose-plugin?",
];

/** `apparmor`: without its parser the engine starts no container where the kernel has AppArmor (moby#33060). */
const debianPackages = ["docker.io", "docker-cli?", "apparmor?"];

/** In order of the search. */
export const distros: readonly Distro[] = [
  { name: "Debian", ids: ["debian", "raspbian"], packages: "apt", engine: debianPackages, getDocker: true },
  { name: "Ubuntu", ids: ["ubuntu"], packages: "apt", engine: debianPackages, getDocker: true },
  { name: "Fedora", ids: ["fedora"], packages: "dnf", engine: ["moby-engine", "docker-cli?"], getDocker: true },
  {
    name: "Red Hat",
    ids: ["rhel", "centos", "rocky"],
    packages: "dnf",
    engine: vendorPackages,
    repository: "https://download.docker.com/linux/centos",
    getDocker: true,
  },
  {
    name: "Red Hat clone",
    ids: ["almalinux", "ol"],
    packages: "dnf",
    engine: vendorPackages,
    repository: "https://download.docker.com/linux/centos",
    getDocker: false,
  },
  { name: "Amazon Linux", ids: ["amzn"], packages: "dnf", engine: ["docker"], getDocker: false },
  { name: "SUSE", ids: ["opensuse", "suse", "sles"], packages: "zypper", engine: ["docker"], getDocker: false },
  { name: "Arch", ids: ["arch"], packages: "pacman", engine: ["docker"], getDocker: false },
  { name: "Alpine", ids: ["alpine"], packages: "apk", engine: ["docker"], getDocker: false },
  { name: "Flatcar", ids: ["flatcar", "coreos"], packages: "none", engine: [], getDocker: false },
];

/**
 * The row for a system: by its own ID, else by what it is like.
 * @throws MachineError `unsupported`, with docker-machine's words, for a system that no row knows
 */
export function findDistro({ id, idLike, prettyName }: OsRelease): Distro {
  for (const wanted of [id, ...idLike]) {
    const row = distros.find(({ ids }) => ids.includes(wanted));
    if (row !== undefined) return row;
  }
  throw new MachineError("unsupported", `OS type not recognized: ${prettyName} (ID=${id})`, {
    hint: `known are ${distros.map(({ name }) => name).join(", ")} and what is like them; a host with an engine that serves TLS can be added with \`create -d none --url tcp://HOST:2376\``,
  });
}
