import type { Computer } from "../../../drivers/virtualbox/computer.js";

/** A computer with one network of its own, whose files are none. */
export function computer(facts: Partial<Computer> = {}): Computer {
  return {
    platform: "linux",
    architecture: "amd64",
    cpus: 4,
    home: "/home/ann",
    exists: () => Promise.resolve(false),
    read: () => Promise.resolve(""),
    networks: () => [],
    routes: () => Promise.resolve([]),
    sshResponds: () => Promise.resolve(true),
    canVirtualize: () => Promise.resolve(true),
    ...facts,
  };
}
