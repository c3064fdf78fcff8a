import { providerIo } from "../../core/session/io.js";
import type { Session } from "../../core/session/session.js";
import {
  messageOf,
  names,
  type Driver,
  type Option,
  type Options,
  type Values,
  isExpected,
} from "../../driver/index.js";
import { pasteable } from "../../shell/exec.js";
import { changeSettings } from "../../store/settings.js";
import { encodeYaml } from "../../ui/yaml.js";
import { allDrivers } from "../../core/session/all-drivers.js";
import { declare, valuesOf, type Presets } from "../../cli/arguments.js";
import { askChoice, askText, askWhether } from "../../ui/prompt.js";
import { tell, type Terminal } from "../../ui/terminal.js";

/** What a person has answered. */
export interface Answers {
  readonly name: string;
  readonly driver: Driver;
  readonly values: Values<Options>;
}

/** Values by the names of their flags. */
type Flags = Readonly<Record<string, unknown>>;

interface Interview<P = unknown> {
  readonly session: Session;
  readonly presets: Presets;
  readonly terminal: Terminal;
  /** What was typed already, or follows from variables and settings: the answers that Enter gives. */
  readonly known: { readonly name?: string | undefined; readonly driver: Driver; readonly values: Values<Options> };
  /** Plans what the answers ask for. Rejects what create would reject. */
  readonly plan: (answers: Answers) => Promise<P>;
  /** What was given beside the driver's options: see {@link chosenFlags}. */
  readonly own: Flags;
}

/**
 * Asks for the driver, the name and what the driver marks with `ask`, shows the command and the entry of a lab file
 * that do the same, and has it confirmed. What does not go together is asked again.
 * @returns the plan of what was confirmed; undefined: the person does not want it
 * @throws MachineError `interrupted` at Ctrl-C
 */
export async function interview<P>(given: Interview<P>): Promise<P | undefined> {
  const { session, terminal, own } = given;
  let { known } = given;
  for (;;) {
    const driver = await askDriver(terminal, session, known.driver);
    const name = await askName(terminal, session, known.name);
    const values = await askOptions(given, driver, known);
    const answers = { name, driver, values };
    known = answers;
    let planned: P;
    try {
      planned = await given.plan(answers);
    } catch (error) {
      if (!isExpected(error)) throw error;
      tell(terminal, `${error.message}${error.hint === undefined ? "" : `\nhint: ${error.hint}`}\n`);
      continue;
    }
    tell(
      terminal,
      await equivalents(terminal, answers, { ...chosenFlags(driver.options, values, driver.name), ...own }),
    );
    const next = await askChoice<"create" | "keep" | "change" | "leave">(terminal, {
      message: "This command makes the machine. Go on?",
      choices: [
        { name: "Create it", value: "create" },
        { name: "Create it, and keep driver and answers for the next time", value: "keep" },
        { name: "Change the answers", value: "change" },
        { name: "Leave it", value: "leave" },
      ],
    });
    if (next === "leave") return undefined;
    if (next === "keep") await keep(session, answers);
    if (next !== "change") return planned;
  }
}

async function askDriver(terminal: Terminal, session: Session, known: Driver): Promise<Driver> {
  const drivers = await allDrivers(session);
  return askChoice(terminal, {
    message: "Driver",
    default: known,
    choices: drivers.map((value) => ({ name: `${value.name.padEnd(12)}${value.summary}`, value })),
  });
}

async function askName(terminal: Terminal, { store }: Session, known: string | undefined): Promise<string> {
  const validate = (name: string): Promise<string | true> => verdict(() => store.checkFree(name));
  const isFree = (await validate("default")) === true;
  const usual = known ?? (isFree ? "default" : undefined);
  return askText(terminal, { message: "Name of the machine", default: usual, validate });
}

async function askOptions(
  { terminal, session, presets }: Interview,
  driver: Driver,
  known: Interview["known"],
): Promise<Values<Options>> {
  let values = driver === known.driver ? known.values : valuesOf(driver.options, [], presets, driver.name);
  for (const [key, option] of Object.entries(driver.options)) {
    if (option.ask !== true) continue;
    const answer = await askOption(terminal, session, option, values[key], values);
    // Where there is no default, nothing is an answer as well.
    values = { ...values, [key]: answer === "" ? option.default : option.parse(answer) };
  }
  return values;
}

async function askOption(
  terminal: Terminal,
  session: Session,
  option: Option<unknown>,
  known: unknown,
  values: Values<Options>,
): Promise<unknown> {
  const { help: message, kind, choices } = option;
  if (kind === "boolean") return askWhether(terminal, { message, default: known === true });
  if (choices !== undefined) {
    return askChoice<unknown>(terminal, {
      message,
      default: known,
      choices: choices.map((value) => ({ name: value, value })),
    });
  }
  const validate = (answer: string): Promise<string | true> =>
    verdict(async () => {
      const value = answer === "" ? option.default : option.parse(answer);
      await option.check?.(value, values, providerIo(session));
    });
  const usual = (Array.isArray(known) ? known : [known]).join(",");
  return askText(terminal, { message, default: usual || undefined, validate });
}

/** What is wrong with an answer, in one line. */
async function verdict(check: () => Promise<void>): Promise<string | true> {
  return check().then(
    () => true,
    (error: unknown) => messageOf(error),
  );
}

/** Those values that are not the default. No secret is among them. */
export function chosenFlags(options: Options, values: Values<Options>, prefix = ""): Flags {
  const chosen = declare(options, prefix).filter(
    ({ key, option }) => option.secret !== true && !isDefault(option, values[key]),
  );
  return Object.fromEntries(chosen.map(({ key, flag }) => [flag, values[key]]));
}

/** What makes the same machine without a question. */
async function equivalents({ program }: Terminal, { name, driver }: Answers, flags: Flags): Promise<string> {
  const command = pasteable([program, "create", "-d", driver.name, ...wordsOf(flags), name]);
  const lab = await encodeYaml({ machines: { [name]: { driver: driver.name, ...flags } } });
  return `\n  ${command}\n\nor, in a file for ${program} lab up:\n\n${lab.replace(/^(?=.)/gm, "  ")}`;
}

function wordsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([flag, value]) => {
    if (typeof value === "boolean") return [value ? `--${flag}` : `--${flag}=false`];
    return [value].flat().flatMap((one) => [`--${flag}`, String(one)]);
  });
}

/** The driver, and those answers that are not its default. */
function keep({ store }: Session, { driver, values }: Answers): Promise<void> {
  const answered = Object.entries(driver.options).filter(([, option]) => option.ask === true);
  const changes = answered.map(([key, option]) => {
    const value = values[key];
    return [names(key, option, driver.name).flag, isDefault(option, value) ? undefined : String(value)] as const;
  });
  return changeSettings(store, { driver: driver.name, ...Object.fromEntries(changes) });
}

function isDefault(option: Option<unknown>, value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(option.default);
}
