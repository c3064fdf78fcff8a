import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** What `core` is built on. */
const below = ["src/driver", "src/store", "src/shell", "src/tls", "src/docker", "src/provision", "src/vm"];

/** Which folder may import which, beside itself. CONTRIBUTING.md says why. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "src/driver": [],
  "src/gotemplate": ["src/driver"],
  "src/store": ["src/driver"],
  "src/ui": ["src/driver"],
  "src/docker": ["src/driver", "src/store"],
  "src/tls": ["src/driver", "src/store"],
  "src/shell": ["src/driver", "src/store"],
  "src/provision": ["src/driver", "src/shell"],
  "src/vm": ["src/driver"],
  ...coreFolders(["session", "host", "clients", "inspect", "create", "manage", "doctor"]),
  "src/cli": ["src", ...below, "src/ui", "src/core"],
  "src/commands": ["src", ...below, "src/ui", "src/core", "src/cli", "src/gotemplate"],
  src: ["src/commands", "src/cli", "src/core", "src/driver", "src/store", "src/ui"],
  drivers: ["src/driver", "src/vm"],
};

/** The folders of `core`, each of which may import those before it. */
function coreFolders(names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const folders = names.map((name) => `src/core/${name}`);
  return Object.fromEntries(folders.map((one, at) => [one, [...below, "drivers", ...folders.slice(0, at)]]));
}

/** The only places that import a package. */
const owners: Readonly<Record<string, readonly string[]>> = {
  "@aws-sdk/client-ec2": ["drivers/amazonec2/api/sdk.ts"],
  "@aws-sdk/credential-provider-ini": ["drivers/amazonec2/api/sdk.ts"],
  "node-virtualbox/lib/VBoxProvider.js": ["drivers/virtualbox/node-virtualbox.ts"],
  "@peculiar/x509": ["src/tls/certificate.ts"],
  "reflect-metadata": ["src/tls/certificate.ts"],
  "http-proxy-agent": ["src/driver/proxy.ts"],
  "https-proxy-agent": ["src/driver/proxy.ts"],
  re2js: ["src/commands/ls/filter.ts"],
  ssh2: ["src/shell/ssh/auth.ts", "src/shell/ssh/dial.ts"],
  conf: ["src/store/settings.ts"],
  "@inquirer/confirm": ["src/ui/prompt.ts"],
  "@inquirer/input": ["src/ui/prompt.ts"],
  "@inquirer/password": ["src/ui/prompt.ts"],
  "@inquirer/select": ["src/ui/prompt.ts"],
  yaml: ["src/ui/yaml.ts", "src/vm/seed/lists-in.ts"],
  "yocto-spinner": ["src/ui/progress.ts"],
};

interface Import {
  readonly from: string;
  /** A path from the root, or a package. */
  readonly to: string;
  readonly isOurs: boolean;
  /** Loaded with the file, not on demand and not only by the compiler. */
  readonly isStatic: boolean;
  readonly isType: boolean;
}

let imports: readonly Import[];
beforeAll(async () => {
  const files = [...(await sources("src")), ...(await sources("drivers"))];
  imports = (await Promise.all(files.map(importsOf))).flat();
});

describe("imports", () => {
  test("follow the directions that the design allows", () => {
    const wrong = imports.filter(({ from, to, isOurs }) => {
      if (!isOurs) return false;
      const [here, there] = [folderOf(from), folderOf(to)];
      return (
        here !== there &&
        allowed[here]?.some((one) => `${there}/`.startsWith(`${one}/`) && (one !== "src" || there === "src")) !== true
      );
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("of a driver stay in its own folder, the public contract and, for virtual machines, what these share", () => {
    const wrong = imports.filter(({ from, to, isOurs }) => {
      if (!isOurs || !from.startsWith("drivers/")) return false;
      return driverOf(to) !== driverOf(from) && to !== "src/driver/index.ts" && to !== "src/vm/index.ts";
    });
    expect(wrong).toEqual([]);
  });

  test("never lead back to the file that they begin at", () => {
    expect(circles(imports)).toEqual([]);
  });

  test("name the drivers in the registry alone", () => {
    const outside = imports.filter(({ from, to }) => to.startsWith("drivers/") && !from.startsWith("drivers/"));
    expect(new Set(outside.map(({ from }) => from))).toEqual(new Set(["src/core/session/registry.ts"]));
  });

  test("of a package stand in the file that owns it", () => {
    const packages = imports.filter(({ to, isOurs, isType }) => !isOurs && !isType && !to.startsWith("node:"));
    const found = packages.filter(({ from, to }) => owners[to]?.includes(from) !== true);
    expect(found.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
    expect(new Set(packages.map(({ to }) => to))).toEqual(new Set(Object.keys(owners)));
  });

  test("of what virtual machines share go to its index, from wherever they come", () => {
    const past = imports.filter(({ from, to }) => to.startsWith("src/vm/") && !from.startsWith("src/vm/"));
    expect(new Set(past.map(({ to }) => to))).toEqual(new Set(["src/vm/index.ts"]));
  });

  test.each([
    "src/process.ts",
    "src/commands/env/env.ts",
    "src/commands/ip-url-status.ts",
    "drivers/container/index.ts",
    "drivers/generic/index.ts",
    "drivers/none/index.ts",
    "drivers/virtualbox/index.ts",
    "drivers/qemu/index.ts",
  ])("of %s load nothing but Node's own modules", (entry) => {
    expect([...closure(entry)].filter((one) => !/^(node:|src\/|drivers\/)/.test(one))).toEqual([]);
  });
});

test("commands print by their Output alone, and the wizard where it asks", async () => {
  const files = await sources("src/commands");
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
  const printing = files.filter((_, at) => /\btell\b|\.write\(|\bconsole\.\w+\(/.test(texts[at] ?? ""));
  expect(printing).toEqual(["src/commands/create/wizard.ts"]);
});

test("each type has a name that no other file gives to another one", async () => {
  const files = [...(await sources("src")), ...(await sources("drivers"))];
  expect(repeated(await Promise.all(files.map(typesIn)))).toEqual([]);
});

/** Names of the types that a file declares, exported or not. */
async function typesIn(file: string): Promise<string[]> {
  const text = await readFile(join(root, file), "utf8");
  return [...text.matchAll(/^(?:export )?(?:type|interface|class) (\w+)/gm)].map(([, name = ""]) => name);
}

function repeated(lists: readonly (readonly string[])[]): string[] {
  const all = lists.flat();
  return [...new Set(all.filter((name, at) => all.indexOf(name) !== at))].sort();
}

/** Everything that is loaded when `entry` is. */
function closure(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const { from, to, isStatic } of imports) if (isStatic && from === entry) closure(to, found);
  return found;
}

/** Each group of files that import one another, also on demand or by the compiler alone (Tarjan's components). */
function circles(all: readonly Import[]): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    const at = order.size;
    order.set(file, at);
    open.push(file);
    let lowest = at;
    for (const { from, to, isOurs } of all) {
      if (!isOurs || from !== file) continue;
      if (!order.has(to)) lowest = Math.min(lowest, visit(to));
      else if (open.includes(to)) lowest = Math.min(lowest, order.get(to) ?? at);
    }
    if (lowest === at) {
      const circle = open.splice(open.indexOf(file));
      if (circle.length > 1) found.push(circle);
    }
    return lowest;
  };
  for (const { from } of all) if (!order.has(from)) visit(from);
  return found;
}

/** `drivers/qemu` of each file below it. */
function driverOf(file: string): string {
  return file.split("/").slice(0, 2).join("/");
}

/** `src/ui/table.ts` is in `src/ui`, `src/core/host/host.ts` in `src/core/host`, each driver in `drivers`. */
function folderOf(file: string): string {
  if (file.startsWith("drivers/")) return "drivers";
  return file
    .split("/")
    .slice(0, -1)
    .slice(0, file.startsWith("src/core/") ? 3 : 2)
    .join("/");
}

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(join(root, file), "utf8");
  const pattern = /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)";|(typeof )?\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(pattern)].map(([, isType, fixed, , onDemand]) => {
    const target = fixed ?? onDemand ?? "";
    const isOurs = target.startsWith(".");
    return {
      from: file,
      to: isOurs ? relative(root, join(root, dirname(file), target)).replace(/\.js$/, ".ts") : target,
      isOurs,
      isStatic: fixed !== undefined && isType === undefined,
      isType: isType !== undefined,
    };
  });
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries.filter((entry) => entry.endsWith(".ts")).map((entry) => join(folder, entry));
}
