import { describe, expect, test } from "vitest";
import { globalOptions } from "../../src/cli/command.js";
import { commands } from "../../src/commands/index.js";
import { builtInNames, refusedDrivers } from "../../src/core/session/registry.js";
import { names, resolve, type Options } from "../../src/driver/index.js";
import surface from "./docker-machine-surface.json" with { type: "json" };
import { createNone, newHome, putGeneric, putRunning } from "./support.js";

/** Where another default or variable is right for us. */
const ours: Readonly<Record<string, Partial<Flag>>> = {
  // docker-machine reads it apart from its flags.
  "--debug": { env: "MACHINE_DEBUG" },
  // Found when it is needed.
  "--storage-path": { default: "" },
  // Needs no hypervisor.
  "create --driver": { default: "container" },
};

interface Flag {
  readonly flag: string;
  readonly short: string | null;
  readonly env: string | null;
  readonly type: string;
  readonly default: unknown;
}

/** What a flag of theirs takes, the value that it stands for, and what Go has where nothing is given. */
const kinds: Readonly<Record<string, { typed: string; value: unknown; empty: unknown }>> = {
  string: { typed: "x", value: "x", empty: "" },
  int: { typed: "60", value: 60, empty: 0 },
  bool: { typed: "true", value: true, empty: false },
  stringSlice: { typed: "a,b", value: ["a", "b"], empty: [] },
};

function check(options: Options, flag: Flag, name: string): void {
  const wanted = { ...flag, ...ours[name] };
  const [key, option] =
    Object.entries(options).find(([one, option]) => names(one, option).flag === flag.flag.replace(/^-+/, "")) ?? [];
  if (key === undefined || option === undefined) throw new Error(`${name} is not taken`);
  const kind = kinds[wanted.type];
  expect({
    short: option.short === undefined ? null : `-${option.short}`,
    env: names(key, option).env ?? null,
    default: option.default ?? kind?.empty,
    value: resolve({ [key]: option }, [{ [key]: kind?.typed }])[key],
  }).toEqual({ short: wanted.short, env: wanted.env, default: wanted.default, value: kind?.value });
}

test.each(surface.global)(
  "docker-machine's flag $flag is taken, with its short form, variable, kind and default",
  (flag) => {
    check(globalOptions, flag, flag.flag);
  },
);

const { help, ...others } = surface.commands;

describe.each(Object.entries<readonly Flag[]>(others))("docker-machine's command %s", (name, flags) => {
  test("is there and takes each of its flags, with its short form, variable, kind and default", async () => {
    const command = await commands[name]?.load();
    if (command === undefined) throw new Error(`there is no ${name}`);
    for (const flag of flags) check(command.options, flag, `${name} ${flag.flag}`);
  });
});

test("docker-machine's command help is there and takes no flags", async () => {
  const home = await newHome();
  expect(help).toEqual([]);
  expect(await home.machine(["help"])).toMatchObject({ code: 0, stderr: "" });
});

test("each of docker-machine's drivers is there, or refused with what to use instead", async () => {
  const home = await newHome();
  expect([...builtInNames(), ...Object.keys(refusedDrivers)]).toEqual(expect.arrayContaining(surface.drivers));
  for (const [name, instead] of Object.entries(refusedDrivers)) {
    expect(builtInNames()).not.toContain(name);
    expect(await home.machine(["create", "-d", name, "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `Driver "${name}" not found. Do you have the plugin binary "docker-machine-driver-${name}" accessible in ` +
        `your PATH?\nhint: ${instead}\n`,
    });
  }
});

describe("classic Swarm", () => {
  const warning = /^Classic Swarm is gone from today's engines: `docker swarm init` and/m;
  const discovery = ["--swarm-discovery", "token://x"];

  test.each([
    [["--swarm"]],
    [["--swarm-master"]],
    [["--swarm-image", "swarm:1"]],
    [discovery],
    [["--swarm-strategy", "random"]],
    [["--swarm-opt", "a"]],
    [["--swarm-join-opt", "a"]],
    [["--swarm-host", "tcp://0.0.0.0:1"]],
    [["--swarm-addr", "192.0.2.1"]],
    [["--swarm-experimental"]],
  ])("is asked for by create %j, which says what to use instead, and saves it", async (flags) => {
    const home = await newHome();
    const create = (name: string, ...more: readonly string[]) =>
      home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", ...more, name]);
    const options = async (name: string) =>
      (await home.machine(["inspect", "-f", "{{json .HostOptions.SwarmOptions}}", name])).stdout;
    const warned = await create("web", ...flags);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(warning);
    expect((await create("plain")).stderr).not.toMatch(warning);
    expect(await options("web")).not.toBe(await options("plain"));
  });

  test("is what ls filters by with its master's name in any case, with the warning", async () => {
    const home = await newHome();
    for (const [name, flag] of [
      ["one", "--swarm-master"],
      ["two", "--swarm"],
    ] as const) {
      await home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", flag, ...discovery, name]);
    }
    await createNone(home, "alone");
    const listed = await home.machine(["ls", "-q", "--filter", "swarm=ONE"]);
    expect(listed).toMatchObject({ code: 0, stdout: "one\ntwo\n" });
    expect(listed.stderr).toMatch(warning);
  });

  test("is where env and config point to for a master that docker-machine made, with the warning", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    await putGeneric(home, "web", Number(new URL(url).port), (config) => ({
      ...config,
      HostOptions: {
        ...config.HostOptions,
        SwarmOptions: { ...config.HostOptions.SwarmOptions, Master: true, Host: "tcp://0.0.0.0:3377" },
      },
    }));
    for (const [command, line] of [
      ["env", 'export DOCKER_HOST="tcp://127.0.0.1:3377"'],
      ["config", "-H=tcp://127.0.0.1:3377"],
    ] as const) {
      const shown = await home.machine([command, "--swarm", "web"]);
      expect(shown.code).toBe(0);
      expect(shown.stdout.split("\n")).toContain(line);
      expect(shown.stderr).toMatch(warning);
    }
  });
});
