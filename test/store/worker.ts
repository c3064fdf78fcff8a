import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { removeContext, useContext, writeContext, type Context } from "../../src/docker/context.js";
import { newConfig } from "../../src/store/config.js";
import { replaceFile } from "../../src/store/file.js";
import { withLock } from "../../src/store/lock.js";
import { openStore } from "../../src/store/store.js";

/** What the tests' other processes do; the first argument says which. */
const [task, ...args] = process.argv.slice(2);
const [first = "", second = "", third = "", fourth = "0"] = args;
const about = { command: `machine ${task ?? ""}` };

switch (task) {
  case "hold": // LOCKS NAME
    await withLock(first, second, about, async () => {
      console.log("held");
      await sleep(60_000);
    });
    break;
  case "count": // LOCKS NAME FILE TIMES
    for (let left = Number(fourth); left > 0; left--) {
      await withLock(first, second, about, () => increment(third), { wait: 60_000 });
    }
    break;
  case "label": // ROOT MACHINE PREFIX TIMES
    await addLabels(first, second, third, Number(fourth));
    break;
  case "replace": // FILE LETTER LETTER
    for (;;) {
      await replaceFile(first, second.repeat(300_000));
      await replaceFile(first, third.repeat(300_000));
      console.log("replaced");
    }
  case "contexts": // FOLDER NAME
    await changeContexts(first, second);
    break;
  case "claim": // ROOT MACHINE
    await claim(first, second);
    break;
  default:
    throw new Error(`unknown task ${String(task)}`);
}

async function claim(root: string, name: string): Promise<void> {
  const driver = {
    IPAddress: "",
    MachineName: name,
    SSHUser: "",
    SSHPort: 0,
    SSHKeyPath: "",
    StorePath: root,
    SwarmMaster: false,
    SwarmHost: "",
    SwarmDiscovery: "",
  };
  const config = newConfig({ name, root, driverName: "none", driver });
  const store = openStore(root, { ...about, wait: 60_000 });
  await store.lock(name, () => store.claim(name, config, { phase: "create", done: [], settings: {} }));
}

/** A context comes, becomes the current one, leads elsewhere with other credentials, and goes; again and again. */
async function changeContexts(folder: string, name: string): Promise<never> {
  const contexts = { folder, owner: "store", ...about };
  const context = (text: string): Context => ({
    ...{ name, description: "", url: `tcp://${text}.example:2376` },
    credentials: { ca: text, cert: text, key: text },
  });
  for (;;) {
    await writeContext(contexts, context("one"));
    await useContext(contexts, name);
    await writeContext(contexts, context("two"));
    await removeContext(contexts, name);
    console.log("changed");
  }
}

async function increment(file: string): Promise<void> {
  const now = Number(await readFile(file, "utf8"));
  await sleep(1);
  await writeFile(file, String(now + 1));
}

async function addLabels(root: string, name: string, prefix: string, times: number): Promise<void> {
  const store = openStore(root, { ...about, wait: 60_000 });
  for (let n = 0; n < times; n++) {
    await store.lock(name, () =>
      store.write(name, (now) => {
        const { EngineOptions } = now.HostOptions;
        const Labels = [...(EngineOptions.Labels ?? []), `${prefix}=${String(n)}`];
        return { ...now, HostOptions: { ...now.HostOptions, EngineOptions: { ...EngineOptions, Labels } } };
      }),
    );
  }
}
