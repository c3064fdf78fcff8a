import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./command.js";
import { type Engine, cacheFolder, docker, tryDocker } from "./engine.js";

/** A Debian as a provider would hand it out, without and with an engine. */
export type HostImage = "bare" | "engine";

/** Makes sure that the engine has the images machine-test/bare, machine-test/engine and busybox. */
export async function buildHostImages(engine: Engine): Promise<void> {
  const rootfs = await importRootfs(engine);
  const dockerfile = join(import.meta.dirname, "hosts.Dockerfile");
  const options = ["--quiet", "--build-arg", `ROOTFS=${rootfs}`, "--file", dockerfile];
  const images = { bare: "machine-test/bare", engine: "machine-test/engine", busybox: "busybox" };
  for (const [target, tag] of Object.entries(images)) {
    await docker(engine, ["build", ...options, "--target", target, "--tag", tag, import.meta.dirname]);
  }
}

/** Saves the image busybox for `docker load` in a host, as hosts reach no registry. Returns the file's path. */
export async function saveBusybox(engine: Engine): Promise<string> {
  const tar = join(engine.folder, "busybox.tar");
  await docker(engine, ["save", "--output", tar, "busybox"]);
  return tar;
}

const packages =
  "systemd,systemd-sysv,dbus,openssh-server,sudo,curl,ca-certificates,iproute2,iptables,kmod,procps,gnupg";

/** What differs from host to host, and what apt can fetch again. */
const leftOut = [
  "./etc/hostname",
  "./etc/machine-id",
  "./etc/resolv.conf",
  "./etc/ssh/ssh_host_*",
  "./var/cache/apt/*",
  "./var/lib/apt/lists/*",
  "./var/lib/dbus/machine-id",
];

/** The name of an image with the root file system; debootstrap runs once for each machine and list of packages. */
async function importRootfs(engine: Engine): Promise<string> {
  const source = await aptSource();
  const hash = createHash("sha256").update(JSON.stringify([source, packages, leftOut]));
  const tag = `machine-test/rootfs:${hash.digest("hex").slice(0, 12)}`;
  if ((await tryDocker(engine, ["image", "inspect", tag])).code === 0) return tag;
  const tar = join(cacheFolder(), `${tag.replace(/\W+/g, "-")}.tar`);
  await access(tar).catch(() => debootstrap(source, tar));
  await docker(engine, ["import", "-", tag], { input: createReadStream(tar) });
  return tag;
}

async function debootstrap({ mirror, suite, components }: AptSource, tar: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(cacheFolder(), "debootstrap-"));
  const root = join(folder, "root");
  process.stderr.write("making the root file system of the test hosts, once for each machine: about a minute\n");
  try {
    const options = ["--variant=minbase", `--include=${packages}`, `--components=${components.join(",")}`];
    await output("debootstrap", [...options, suite, root, mirror]);
    await writeFile(join(root, "etc/apt/sources.list"), `deb ${mirror} ${suite} ${components.join(" ")}\n`);
    const excluded = leftOut.map((path) => `--exclude=${path}`);
    await output("tar", ["-C", root, ...excluded, "-cf", join(folder, "rootfs.tar"), "."]);
    // Only now, when it is whole, can another run find it.
    await rename(join(folder, "rootfs.tar"), tar);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface AptSource {
  readonly mirror: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** Where this machine's own packages come from, read from both forms of sources.list(5). */
async function aptSource(): Promise<AptSource> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined) throw new Error("/etc/os-release has no VERSION_CODENAME: is this a Debian?");
  const folder = "/etc/apt/sources.list.d";
  const files = (await readdir(folder)).map((name) => join(folder, name));
  for (const file of ["/etc/apt/sources.list", ...files]) {
    const found = sourcesIn(await readFile(file, "utf8").catch(() => "")).find((source) => source.suite === suite);
    if (found) return found;
  }
  throw new Error(`apt of this machine has no source for ${suite}`);
}

function sourcesIn(text: string): AptSource[] {
  const lines = [...text.matchAll(/^deb (?:\[.*?\] )?(\S+) (\S+) (.+)$/gm)].map(
    ([, mirror = "", suite = "", rest]) => ({
      mirror,
      suite,
      components: rest?.trim().split(/\s+/) ?? [],
    }),
  );
  const stanzas = text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    const [mirror = ""] = field("URIs");
    return field("Suites").map((suite) => ({ mirror, suite, components: field("Components") }));
  });
  return [...lines, ...stanzas];
}
