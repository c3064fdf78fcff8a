import { choice, integer, list, text, type Values } from "../../src/driver/index.js";

export const options = {
  program: choice(["docker", "podman"], { help: "Program that runs the container", default: "docker" }),
  image: text({ help: "Image with systemd and sshd; default: one that is built once", default: "" }),
  cpus: text({ help: "Number of CPUs that it may use, e.g. 1.5; default: all", default: "", ask: true }),
  memory: text({ help: "Memory that it may use, e.g. 2g; default: all", default: "", ask: true }),
  network: text({ help: "Network on which the machines reach each other by name", default: "machine" }),
  publish: list({ help: "Port to publish on this computer, as docker run takes it: 8080:80" }),
  volume: list({ help: "Folder or volume to mount, as docker run takes it: /src:/dst:ro" }),
  enginePort: integer({ help: "Port on this computer for the engine; default: a free one", min: 1, max: 65_535 }),
} as const;

export type ContainerOptions = Values<typeof options>;
