import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../src/shell/script.js";
import { output } from "./command.js";
import { cli, type Program } from "./program.js";

/** A terminal of 100 by 40 in which the program runs, by tmux. */
export interface Screen {
  /** What a person sees, without empty lines. */
  readonly text: () => Promise<string>;
  /** Waits until it shows this, for a minute at most; resolves to the screen. */
  readonly shows: (what: RegExp) => Promise<string>;
  /** Types keys as tmux names them, e.g. `Enter`, `Down`, `C-c`; all else is typed as it is. */
  readonly type: (...keys: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openScreen({ home, env }: Program, args: readonly string[]): Promise<Screen> {
  const tmux = (...words: readonly string[]): Promise<string> =>
    output("tmux", ["-f", "/dev/null", "-S", `${home}/tmux`, ...words], { env: { ...env, TERM: "xterm" } });
  const command = `exec 2>&1; ${[process.execPath, cli, ...args].map(quote).join(" ")}; echo status $?; exec sleep 600`;
  await tmux("new-session", "-d", "-x", "100", "-y", "40", command);
  const text = async (): Promise<string> =>
    (await tmux("capture-pane", "-p", "-S", "-"))
      .split("\n")
      .filter((line) => line.trim() !== "")
      .join("\n");
  return {
    text,
    async shows(what) {
      for (const end = Date.now() + 60_000; Date.now() < end;) {
        const seen = await text();
        if (what.test(seen)) return seen;
        await sleep(100);
      }
      throw new Error(`the screen does not show ${String(what)}:\n${await text()}`);
    },
    async type(...keys) {
      await tmux("send-keys", ...keys);
    },
    async close() {
      await tmux("kill-server");
    },
  };
}
