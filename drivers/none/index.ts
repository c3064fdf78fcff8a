import { checkSaved, defineDriver, isText, MachineError, text, type DriverState } from "../../src/driver/index.js";

interface NoneState extends DriverState {
  readonly URL: string;
}

const past = { start: "started", stop: "stopped", kill: "killed", restart: "restarted" } as const;

/** A Docker engine that somebody else looks after: only its URL is kept. */
export default defineDriver({
  name: "none",
  summary: "An engine that is there already, by its URL",
  options: {
    url: text({ help: "URL of the engine, e.g. tcp://192.0.2.7:2376", flag: "url", env: null, ask: true }),
  },

  plan({ url }, { common }): Promise<NoneState> {
    if (url === undefined || url === "") {
      throw new MachineError("usage", "--url option is required when no driver is selected");
    }
    if (!isUrl(url)) throw new MachineError("usage", `--url must be a URL, not "${url}"`);
    return Promise.resolve({ ...common, IPAddress: URL.canParse(url) ? new URL(url).host : "", URL: url });
  },
  create: [],
  inspect: () => Promise.resolve({ status: "running" }),
  remove: () => Promise.resolve(),
  access: (state: NoneState) => {
    checkSaved(state, { URL: [isText(state.URL) && isUrl(state.URL), "a URL"] });
    return { docker: state.URL };
  },
  unsupportedMessage: (verb) => `hosts without a driver cannot be ${past[verb]}`,
});

/** What docker-machine takes for a URL, scripts' `none` included, that is one word for a shell, and one line. */
function isUrl(url: string): boolean {
  return /^[^\s\p{Cc}"'`]+$/u.test(url);
}
