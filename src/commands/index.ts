import type { Command } from "./command.js";

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command: its summary, and where it is loaded from when it is called. */
export const commands: Readonly<Record<string, Entry>> = {
  active: { summary: "Print which machine is active", load: async () => (await import("./list.js")).active },
  config: { summary: "Print the connection config for machine", load: async () => (await import("./env.js")).config },
  console: {
    summary: "Print what the serial console of a machine has printed since it was started",
    load: async () => (await import("./console.js")).console,
  },
  create: { summary: "Create a machine", load: async () => (await import("./create.js")).create },
  doctor: {
    summary: "Check what stands in the way of drivers and machines, and say how to mend it",
    load: async () => (await import("./doctor.js")).doctor,
  },
  env: {
    summary: "Display the commands to set up the environment for the Docker client",
    load: async () => (await import("./env.js")).env,
  },
  gc: {
    summary: "List, or remove, what was made for machines that are not here any more",
    load: async () => (await import("./gc.js")).gc,
  },
  image: {
    summary: "List, get or remove images for virtual machines",
    load: async () => (await import("./image.js")).image,
  },
  inspect: { summary: "Inspect information about a machine", load: async () => (await import("./inspect.js")).inspect },
  ip: { summary: "Get the IP address of a machine", load: async () => (await import("./show.js")).ip },
  kill: { summary: "Kill a machine", load: async () => (await import("./power.js")).kill },
  ls: { summary: "List machines", load: async () => (await import("./list.js")).ls },
  provision: {
    summary: "Re-provision existing machines",
    load: async () => (await import("./provision.js")).provision,
  },
  "regenerate-certs": {
    summary: "Regenerate TLS Certificates for a machine",
    load: async () => (await import("./provision.js")).regenerateCerts,
  },
  restart: { summary: "Restart a machine", load: async () => (await import("./power.js")).restart },
  rm: { summary: "Remove a machine", load: async () => (await import("./remove.js")).rm },
  scp: { summary: "Copy files between machines", load: async () => (await import("./shell.js")).scp },
  scrub: {
    summary: "Take credentials that docker-machine has saved out of the store",
    load: async () => (await import("./scrub.js")).scrub,
  },
  settings: {
    summary: "Show, keep or forget what create takes where nothing else is said",
    load: async () => (await import("./settings.js")).settings,
  },
  snapshot: {
    summary: "Save, list, restore or remove states of a machine",
    load: async () => (await import("./snapshot.js")).snapshot,
  },
  ssh: {
    summary: "Log into or run a command on a machine with SSH.",
    load: async () => (await import("./shell.js")).ssh,
  },
  start: { summary: "Start a machine", load: async () => (await import("./power.js")).start },
  status: { summary: "Get the status of a machine", load: async () => (await import("./show.js")).status },
  stop: { summary: "Stop a machine", load: async () => (await import("./power.js")).stop },
  trust: { summary: "Accept the changed host key of a machine", load: async () => (await import("./shell.js")).trust },
  upgrade: {
    summary: "Upgrade a machine to the latest version of Docker",
    load: async () => (await import("./provision.js")).upgrade,
  },
  url: { summary: "Get the URL of a machine", load: async () => (await import("./show.js")).url },
  version: {
    summary: "Show the Docker Machine version or a machine docker version",
    load: async () => (await import("./version.js")).version,
  },
};
