import type { TestProject } from "vitest/node";
import { startEngine } from "./engine.js";
import { buildHostImages, saveBusybox } from "./host-image.js";
import { forHosts, forTests, installPrerequisites } from "./prerequisites.js";

/**
 * Once for each test run: installs what the machine lacks and, for tests that need real hosts, starts their engine;
 * returns what stops it. Where this is impossible the run fails if it is one of CI; otherwise tests that need hosts
 * are skipped, and stderr says so.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const onHosts = project.name === "e2e";
    await installPrerequisites(onHosts ? [...forTests, ...forHosts] : forTests);
    if (onHosts) return await startLab(project);
  } catch (error) {
    if (process.env["CI"]) throw error;
    const impossible = error instanceof Error ? error.message : String(error);
    process.stderr.write(`TESTS ARE INCOMPLETE (${project.name}): ${impossible}\n`);
    project.provide("lab", { impossible });
  }
  return () => Promise.resolve();
}

async function startLab(project: TestProject): Promise<() => Promise<void>> {
  const { stop, ...engine } = await startEngine();
  try {
    await buildHostImages(engine);
    project.provide("lab", { engine, busyboxTar: await saveBusybox(engine) });
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
