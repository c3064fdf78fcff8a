import { afterAll, describe, inject, test } from "vitest";
import type { Engine } from "./engine.js";
import { type Host, type HostOptions, createHost } from "./host.js";
import { type InstallServer, serveInstallScripts } from "./install-server.js";
import { installProgram, type Program } from "./program.js";

declare module "vitest" {
  interface ProvidedContext {
    /** What global-setup.ts started, or why it could not. */
    lab: StartedLab | { readonly impossible: string };
  }
}

/** The engine of this test run and the file of the image busybox for `docker load`. */
interface StartedLab {
  readonly engine: Engine;
  readonly busyboxTar: string;
}

/** Real hosts, and programs for them, for one `describe`; whatever it made is removed at its end. */
export interface Lab extends StartedLab {
  createHost(options?: HostOptions): Promise<Host>;
  installProgram(): Promise<Program>;
  serveInstallScripts(): Promise<InstallServer>;
}

/** A `describe` whose tests need real hosts. Where there can be none it holds one skipped test that says why. */
export function describeOnHosts(name: string, tests: (lab: Lab) => void): void {
  const lab = inject("lab");
  describe(name, () => {
    if ("impossible" in lab) test.skip(`needs real hosts: ${lab.impossible}`);
    else tests(withCleaning(lab));
  });
}

function withCleaning(lab: StartedLab): Lab {
  const made: (() => Promise<void>)[] = [];
  afterAll(async () => {
    await Promise.all(made.map((remove) => remove()));
  });
  const kept = async <T>(making: Promise<T>, remove: (made: T) => Promise<void>): Promise<T> => {
    const thing = await making;
    made.push(() => remove(thing));
    return thing;
  };
  return {
    ...lab,
    createHost: (options) => kept(createHost(lab.engine, options), ({ remove }) => remove()),
    installProgram: () => kept(installProgram(), ({ remove }) => remove()),
    serveInstallScripts: () => kept(serveInstallScripts(lab.engine.gateway), ({ close }) => close()),
  };
}
