import { isMachineError, type Check, type Io } from "../../src/driver/index.js";

/** What the checks of a driver say, a line each: `ok WHAT: TEXT; HINT`, with `problem` for what they throw. */
export async function said(checks: readonly Check[], io: Io): Promise<readonly string[]> {
  const lines = checks.map(async ({ what, run }) => {
    try {
      const finding = await run(io);
      return finding === undefined ? [] : [line(finding.level, what, finding.text, finding.hint)];
    } catch (error) {
      if (!isMachineError(error)) throw error;
      return [line("problem", what, error.message, error.hint)];
    }
  });
  return (await Promise.all(lines)).flat();
}

function line(level: string, what: string, text: string, hint = ""): string {
  return `${level} ${what}: ${text}; ${hint}`;
}
