import type { Commands } from "../cli/command.js";

export const commands: Commands = {
  active: { summary: "Print which machine is active", load: async () => (await import("./ls/ls.js")).active },
  completion: {
    summary: "Print what makes a shell complete machine's lines",
    load: async () => (await import("./completion.js")).completion,
  },
  config: {
    summary: "Print the connection config for machine",
    load: async () => (await import("./env/env.js")).config,
  },
  console: {
    summary: "Print what the serial console of a machine has printed since it was started",
    load: async () => (await import("./console.js")).serialConsole,
  },
  context: {
    summary: "Mend the docker contexts of machines, and remove those of machines that are gone",
    load: async () => (await import("./context.js")).context,
  },
  create: { summary: "Create a machine", load: async () => (await import("./create/create.js")).create },
  doctor: {
    summary: "Check what stands in the way of drivers and machines, and say how to mend it",
    load: async () => (await import("./doctor.js")).doctor,
  },
  driver: { summary: "List, add or remove drivers", load: async () => (await import("./driver.js")).driver },
  env: {
    summary: "Display the commands to set up the environment for the Docker client",
    load: async () => (await import("./env/env.js")).env,
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
  "install-plugin": {
    summary: "Make this program the docker client's command docker machine",
    load: async () => (await import("./install-plugin.js")).installPlugin,
  },
  ip: { summary: "Get the IP address of a machine", load: async () => (await import("./ip-url-status.js")).ip },
  kill: { summary: "Kill a machine", load: async () => (await import("./power.js")).kill },
  lab: {
    summary: "Make, list or remove the machines that a file describes",
    load: async () => (await import("./lab/lab.js")).lab,
  },
  logs: {
    summary: "Show which commands this program has run on a machine, when, and how they ended",
    load: async () => (await import("./logs.js")).logs,
  },
  ls: { summary: "List machines", load: async () => (await import("./ls/ls.js")).ls },
  mount: {
    summary: "Mount or unmount a directory from a machine with SSHFS.",
    load: async () => (await import("./ssh/scp.js")).mount,
  },
  provision: {
    summary: "Re-provision existing machines",
    load: async () => (await import("./provision.js")).provision,
  },
  "regenerate-certs": {
    summary: "Regenerate TLS Certificates for a machine",
    load: async () => (await import("./provision.js")).regenerateCerts,
  },
  restart: { summary: "Restart a machine", load: async () => (await import("./power.js")).restart },
  rm: { summary: "Remove a machine", load: async () => (await import("./rm.js")).rm },
  scp: { summary: "Copy files between machines", load: async () => (await import("./ssh/scp.js")).scp },
  scrub: {
    summary: "Take credentials that docker-machine has saved out of the store",
    load: async () => (await import("./scrub.js")).scrub,
  },
  settings: {
    summary: "Show, keep or forget what create takes where nothing else is said",
    load: async () => (await import("./settings.js")).settings,
  },
  "shell-init": {
    summary: "Print completion, the function machine-use and a prompt for a shell",
    load: async () => (await import("./completion.js")).shellInit,
  },
  snapshot: {
    summary: "Save, list, restore or remove states of a machine",
    load: async () => (await import("./snapshot.js")).snapshot,
  },
  ssh: {
    summary: "Log into or run a command on a machine with SSH.",
    load: async () => (await import("./ssh/ssh.js")).ssh,
  },
  "ssh-config": {
    summary: "Print, or keep in ~/.ssh/config, what lets ssh, scp, rsync and docker -H ssh://NAME reach machines",
    load: async () => (await import("./ssh/ssh-config.js")).sshConfig,
  },
  start: { summary: "Start a machine", load: async () => (await import("./power.js")).start },
  status: { summary: "Get the status of a machine", load: async () => (await import("./ip-url-status.js")).status },
  stop: { summary: "Stop a machine", load: async () => (await import("./power.js")).stop },
  trust: {
    summary: "Accept the changed host key of a machine",
    load: async () => (await import("./ssh/ssh.js")).trust,
  },
  tunnel: {
    summary: "Bring the engine's socket of a machine to this computer",
    load: async () => (await import("./tunnel.js")).tunnel,
  },
  upgrade: {
    summary: "Upgrade a machine to the latest version of Docker",
    load: async () => (await import("./provision.js")).upgrade,
  },
  url: { summary: "Get the URL of a machine", load: async () => (await import("./ip-url-status.js")).url },
  use: {
    summary: "Make the docker client use a machine by default",
    load: async () => (await import("./context.js")).use,
  },
  version: {
    summary: "Show the Docker Machine version or a machine docker version",
    load: async () => (await import("./version.js")).version,
  },
};
