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

test.each([
  ["machine create --driver=ge", "--driver=generic"],
  ["machine create -d=amazonec2 --amazonec2-connect=s", "--amazonec2-connect=ssm"],
  ["machine create --sudo-password-file=/etc/hostn", "--sudo-password-file=/etc/hostname"],
])("fish, with machine's completion, offers for %s what may stand there: %s", async (line, word) => {
  expect(await shells["fish"]?.(line)).toEqual([word]);
});

/** Types a line and a tab into an interactive shell of its own, and returns what then stands on its screen. */
const typedIn: Readonly<Record<string, (line: string, expected: string) => Promise<string>>> = {
  // Its readline needs no terminal. The line is made a comment, so that nothing is done.
  bash: async (line) => {
    const input = `PS1="> "; eval "$(machine completion bash)"\n${line}\t\x01#\n`;
    return (await finish("bash", ["--norc", "--noprofile", "-i"], { env: { ...env, TERM: "dumb" }, input })).stderr;
  },
  // By its own zpty.
  zsh: async (line, expected) => {
    const script = `
      zmodload zsh/zpty; zpty shell "TERM=dumb PS1='> ' zsh -f -i"
      zpty -w shell 'PS1="> "; unsetopt zle_bracketed_paste; eval "$(machine completion zsh)"; echo re""ady'
      zpty -r shell out '*ready*'
      zpty -w -n shell "$1"$'\\t'; zpty -r -m shell out "*$2*" && print -r -- "$out"; zpty -d shell`;
    return (await finish("zsh", ["-fc", script, "zsh", line, expected], { env })).stdout;
  },
};

describe.each(Object.entries(typedIn))("%s, at a terminal, with machine's completion", (_, typed) => {
  test.each([
    ["machine regen", "regenerate-certs"],
    ["machine ip d", "ip db"],
    ["machine create -d no", "none"],
    ["machine create -d none --ur", "--url"],
    ["machine scp db", "db:"],
    ["machine create --driver=ge", "--driver=generic"],
    ["machine create -driver=none --ur", "-driver=none --url"],
    ["machine create --engine-label a=b=c --engine-source=d", "a=b=c --engine-source=distro"],
    ["machine create --sudo-password-file=/etc/hostn", "=/etc/hostname"],
  ])("makes of %s what is meant: %s", async (line, expected) => {
    expect(await typed(line, expected)).toContain(expected);
  });
});
