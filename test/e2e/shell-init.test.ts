import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { installProgram, shellEnvironment, type Program } from "../support/program.js";

let program: Program;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  program = await installProgram();
  env = await shellEnvironment(program);
  await program.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"]);
});
afterAll(() => program.remove());

/** How each shell reads its part, and shows its prompt where no program can be started. */
const shells = {
  bash: {
    argv: ["bash", "--norc", "-c"],
    init: `PS1='$ '; eval "$(machine shell-init bash)"; eval "$(machine shell-init bash)"`,
    prompt: '(PATH=/nonexistent; echo "${PS1@P}")',
  },
  zsh: {
    argv: ["zsh", "-fc"],
    init: `PS1='$ '; eval "$(machine shell-init zsh)"; eval "$(machine shell-init zsh)"`,
    prompt: '(PATH=/nonexistent; for f in $precmd_functions; do $f; done; print -P -- "$PS1")',
  },
  fish: {
    argv: ["fish", "-Nc"],
    init: "function fish_prompt; echo '$ '; end; machine shell-init fish | source; machine shell-init fish | source",
    prompt: "begin; set -lx PATH /nonexistent; fish_prompt; end",
  },
};

describe.each(Object.entries(shells))(
  "what shell-init prints for %s",
  (_, { argv: [file = "", ...args], init, prompt }) => {
    async function run(line: string): Promise<readonly string[]> {
      const { code, stdout, stderr } = await finish(file, [...args, line], { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout.split("\n").slice(0, -1);
    }

    test("gives machine-use, which points docker to a machine, and to none", async () => {
      const show = 'echo "$DOCKER_MACHINE_NAME $DOCKER_HOST"';
      expect(await run(`${init}; machine-use web; ${show}; machine-use -u; ${show}`)).toEqual([
        "web tcp://127.0.0.1:1",
        " ",
      ]);
    });

    test("keeps the environment where machine-use fails, whose status says so", async () => {
      const { code, stdout, stderr } = await finish(
        file,
        [...args, `${init}; machine-use web; machine-use bogus || echo "failed $DOCKER_MACHINE_NAME"`],
        { env },
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: "failed web\n" });
      expect(stderr).toMatch(/^Docker machine "bogus" does not exist\./);
    });

    test("names the machine in the prompt, once, without starting a program", async () => {
      expect(await run(`${init}; ${prompt}; machine-use web; ${prompt}`)).toEqual(["$ ", "[web] $ "]);
    });
  },
);
