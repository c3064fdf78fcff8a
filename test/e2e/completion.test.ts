import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { installProgram, shellEnvironment, type Program } from "../support/program.js";

let program: Program;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  program = await installProgram();
  env = await shellEnvironment(program);
  for (const name of ["web", "web-2", "db"]) {
    const made = await program.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", name]);
    if (made.code !== 0) throw new Error(made.stderr);
  }
});
afterAll(() => program.remove());

/** What each shell offers for a line with the cursor at its end. */
const shells: Readonly<Record<string, (line: string) => Promise<readonly string[]>>> = {
  bash: async (line) => {
    const script = `eval "$(machine completion bash)"
      read -ra COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); compopt() { :; }
      _machine machine && printf '%s\\n' "\${COMPREPLY[@]}"`;
    return offered(["bash", "--norc", "-c", script, "bash", line]);
  },
  fish: async (line) => {
    const words = await offered(["fish", "-Nc", 'machine completion fish | source; complete -C "$argv[1]"', line]);
    return words.map((word) => word.split("\t")[0] ?? "");
  },
};

async function offered([file = "", ...args]: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await finish(file, args, { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter((word) => word !== "");
}

describe.each(Object.entries(shells))("%s, with machine's completion", (_, offers) => {
  test.each([
    ["machine regen", ["regenerate-certs"]],
    ["machine --storage-p", ["--storage-path"]],
    ["machine ip we", ["web", "web-2"]],
    ["machine ip web d", ["db"]],
    ["machine ls --qu", ["--quiet"]],
    ["machine create -d no", ["none"]],
    ["machine create -d none --ur", ["--url"]],
    ["machine create -d amazonec2 --amazonec2-connect s", ["ssm"]],
    ["machine env --shell pow", ["powershell"]],
    ["machine snapshot web res", ["restore"]],
    ["machine lab st", ["status"]],
    ["machine help scr", ["scrub"]],
    ["machine shell-init f", ["fish"]],
  ])("offers for %j what may stand there: %j", async (line, words) => {
    expect([...(await offers(line))].sort()).toEqual(words);
  });

  test("offers machines to copy from, their colon with them", async () => {
    expect([...(await offers("machine scp d"))]).toContain("db:");
  });

  test("offers nothing, and says nothing, where there is nothing to offer or the line makes no sense", async () => {
    for (const line of ["machine bogus x", "machine status web d", "machine ls --bogus x", "machine create w"]) {
      expect((await offers(line)).filter((word) => /^(web|db)/.test(word))).toEqual([]);
    }
  });
});

/** Types a line and a tab into a zsh of its own, by zsh's own zpty, and returns what then stands on its screen. */
async function typedInZsh(line: string): Promise<string> {
  const script = `
    zmodload zsh/zpty; zpty shell "TERM=dumb PS1='> ' zsh -f -i"
    zpty -w shell 'PS1="> "; unsetopt zle_bracketed_paste; eval "$(machine completion zsh)"; echo re""ady'
    zpty -r shell out '*ready*'
    zpty -w -n shell "$1"$'\\t'; zpty -r -m shell out "*$2*" && print -r -- "$out"; zpty -d shell`;
  const { stdout } = await finish("zsh", ["-fc", script, "zsh", ...line.split("|")], { env });
  return stdout;
}

test.each([
  ["machine regen|regenerate-certs"],
  ["machine ip d|ip db"],
  ["machine create -d no|none"],
  ["machine create -d none --ur|--url"],
  ["machine scp d|db:"],
])("zsh, with machine's completion, makes of %s what is meant", async (line) => {
  expect(await typedInZsh(line)).toContain(line.split("|")[1]);
});
