import fc from "fast-check";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { createNone, newHome, type Home } from "./support.js";

const catInput = '(format "cat /proc/%d/fd/0" (emacs-pid))';
const inEmacs = `(with-temp-buffer (shell-command ${catInput} (current-buffer)) (eval-buffer))`;
const envInEmacs = `(call-process "env" nil '(:file "/dev/stdout") nil "-0")`;

/** What evaluates its standard input and then shows its environment, each variable with a NUL behind it. */
const evaluators: Readonly<Record<string, readonly string[]>> = {
  sh: ["sh", "-c", 'eval "$(cat)"; env -0'],
  bash: ["bash", "-c", 'eval "$(cat)"; env -0'],
  zsh: ["zsh", "-fc", 'eval "$(cat)"; env -0'],
  // Its eval sees lines as words.
  fish: ["fish", "-Nc", "cat | source; env -0"],
  tcsh: ["tcsh", "-fc", "source /dev/stdin; env -0"],
  emacs: ["emacs", "-Q", "--batch", "--eval", inEmacs, "--eval", envInEmacs],
  elvish: ["elvish", "-norc", "-c", "eval (slurp); env -0"],
};

const dockers = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME", "NO_PROXY"];

/** Some shells write there whatever they are told. */
const shellHome = await mkdtemp(join(tmpdir(), "machine-shell-"));
afterAll(() => rm(shellHome, { recursive: true }));

/** What the shell has of Docker's variables after it has evaluated what `env` prints. */
async function evaluated(
  evaluator: readonly string[],
  input: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const surroundings = { HOME: shellHome, PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", ...env };
  // Between pipes, since Node gives its children sockets, which cannot be opened as /dev/stdin.
  const piped = ["-o", "pipefail", "-c", 'cat | "$@" | cat', "bash", ...evaluator];
  const { code, stdout, stderr } = await finish("bash", piped, { env: surroundings, input });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const pairs = stdout.split("\0").map((pair) => /^([^=]*)=([^]*)$/.exec(pair)?.slice(1) ?? []);
  return Object.fromEntries(pairs.filter(([name = ""]) => dockers.includes(name))) as Record<string, string>;
}

/** Names of folders with whatever means something to a shell. */
const oddName = fc.string({
  unit: fc.constantFrom(...Array.from(`"'\`$\\!#;&|<>(){}[]*?~^%=:@- \t\n\raé漢“”`)),
  minLength: 1,
});

/** Checks with 25 stores of odd names. */
async function withOddStores(
  home: Home,
  name: fc.Arbitrary<string>,
  check: (store: string, printed: (...argv: readonly string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(name, async (odd) => {
      const store = join(home.home, `s${odd}`);
      await symlink(home.store, store);
      const env = { MACHINE_STORAGE_PATH: store };
      await check(store, async (...argv) => (await home.machine(["env", ...argv], { env })).stdout);
      await rm(store);
    }),
    { numRuns: 25 },
  );
}

describe.each(Object.entries(evaluators))("what env prints for %s", (shell, evaluator) => {
  test("is evaluated by it to the very store, whatever its path", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await withOddStores(home, oddName, async (store, printed) => {
      expect(await evaluated(evaluator, await printed("--shell", shell, "--no-proxy", "web"))).toEqual({
        DOCKER_TLS_VERIFY: "1",
        DOCKER_HOST: "tcp://127.0.0.1:1",
        DOCKER_CERT_PATH: join(store, "machines", "web"),
        DOCKER_MACHINE_NAME: "web",
        NO_PROXY: "127.0.0.1",
      });
    });
  });

  test("is forgotten by it with -u, also where it was not set", async () => {
    const home = await newHome();
    const { stdout } = await home.machine(["env", "-u", "--no-proxy", "--shell", shell]);
    const set = Object.fromEntries(dockers.map((name) => [name, "x y"]));
    expect(await evaluated(evaluator, stdout, set)).toEqual({});
    expect(await evaluated(evaluator, stdout)).toEqual({});
  });
});

test("what env prints for tcsh survives the backquotes of its hint, which make single blanks of all white space", async () => {
  const home = await newHome();
  const store = join(home.home, 'the "store" of $USER\'s !');
  const env = { MACHINE_STORAGE_PATH: store };
  await home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"], { env });
  const { stdout } = await home.machine(["env", "--shell", "tcsh", "web"], { env });
  const found = await evaluated(["tcsh", "-fc", "alias docker-machine true; eval `cat`; env -0"], stdout);
  expect(found["DOCKER_CERT_PATH"]).toBe(join(store, "machines", "web"));
});

test("what env prints for nushell is TOML, whose keys and values are those of the variables", async () => {
  const home = await newHome();
  await createNone(home, "web");
  const [texts, stores]: [string[], string[]] = [[], []];
  await withOddStores(home, oddName, async (store, printed) => {
    texts.push(await printed("--shell", "nu", "web"));
    stores.push(store);
  });
  const read = "import sys,tomllib,json; print(json.dumps([*map(tomllib.loads, json.load(sys.stdin))]))";
  const { stdout } = await finish("python3", ["-c", read], { input: JSON.stringify(texts) });
  expect(JSON.parse(stdout)).toEqual(
    stores.map((store) => ({
      DOCKER_TLS_VERIFY: "1",
      DOCKER_HOST: "tcp://127.0.0.1:1",
      DOCKER_CERT_PATH: join(store, "machines", "web"),
      DOCKER_MACHINE_NAME: "web",
    })),
  );
});
