import type { Session } from "../core/session/session.js";
import { boolean, text, type Driver, type Options, type Values } from "../driver/index.js";
import type { Settings } from "../store/settings.js";
import type { Terminal } from "../ui/terminal.js";
import type { Result } from "./output.js";

/** One command as a person types it. Its module is loaded only when it is called. */
export interface Command<O extends Options = Options> {
  /** What follows the command's name in its help, e.g. `[OPTIONS] [NAME...]`. */
  readonly usage: string;
  readonly options: O;
  /** `ssh`: what follows the name goes to the machine as it is, so only a leading `--help` is ours. */
  readonly verbatim?: true;
  /** `create`, `doctor`: what a person keeps by `machine settings` counts where neither a flag nor a variable says anything. */
  readonly usesSettings?: true;
  /** `create`: the driver that these words choose, whose options the command takes as well. */
  driver?(argv: readonly string[], given: Surroundings): Promise<Driver | undefined>;
  /** Returns the exit status; nothing means 0. */
  run(call: Call<O>): Promise<number | void>;
}

/** What chooses a driver beside the words. */
export interface Surroundings {
  readonly env: Terminal["env"];
  readonly settings: Settings;
  /** @throws MachineError `not-found` */
  readonly findDriver: (name: string) => Promise<Driver>;
}

/** Every command by its name: its summary, and where it is loaded from when it is called. */
export type Commands = Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>>;

export interface Call<O extends Options = Options> extends Result {
  readonly args: readonly string[];
  /** All that was typed after the program's name. */
  readonly line: readonly string[];
  readonly values: Values<O>;
  /** The driver that {@link Command.driver} chose, with the values of its options. */
  readonly chosen: { readonly driver: Driver; readonly values: Values<Options> } | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly session: Session;
}

export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command;
}

/** They stand before the command. */
export const globalOptions = {
  debug: boolean({ help: "Print what is done to stderr", short: "D", env: "MACHINE_DEBUG" }),
  storagePath: text({
    help: "Directory of the store; default ~/.docker/machine",
    short: "s",
    env: "MACHINE_STORAGE_PATH",
  }),
  tlsCaCert: text({ help: "CA certificate that machines trust", env: "MACHINE_TLS_CA_CERT" }),
  tlsCaKey: text({ help: "Private key of that CA", env: "MACHINE_TLS_CA_KEY" }),
  tlsClientCert: text({ help: "Client certificate", env: "MACHINE_TLS_CLIENT_CERT" }),
  tlsClientKey: text({ help: "Private key of the client certificate", env: "MACHINE_TLS_CLIENT_KEY" }),
  githubApiToken: text({
    help: "Taken for docker-machine's sake, not used",
    env: "MACHINE_GITHUB_API_TOKEN",
    secret: true,
  }),
  nativeSsh: boolean({
    help: "Taken for docker-machine's sake: our SSH is always the native one",
    env: "MACHINE_NATIVE_SSH",
  }),
  bugsnagApiToken: text({
    help: "Taken for docker-machine's sake: nothing is ever reported",
    env: "MACHINE_BUGSNAG_API_TOKEN",
    secret: true,
  }),
  json: boolean({ help: "The answer as JSON on stdout; progress and errors as JSON lines on stderr" }),
  help: boolean({ help: "Show help", short: "h" }),
  version: boolean({ help: "Print the version", short: "v" }),
};

/** Every command but `ssh` takes these beside its own. */
export const commonOptions = {
  debug: globalOptions.debug,
  json: globalOptions.json,
  help: globalOptions.help,
};

/** For commands that act as root on a machine. */
export const sudoOptions = {
  sudoPasswordFile: text({
    help: "File whose first line is the password that sudo asks for on the machine",
    env: "MACHINE_SUDO_PASSWORD_FILE",
  }),
};
