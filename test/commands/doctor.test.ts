import { chmod, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { thisProcess } from "../../src/store/lock-owner.js";
import { makeAuthority } from "../../src/tls/certificate.js";
import { createNone, day, linesOf, newHome, putCertificates, putGeneric, putRunning, type Home } from "./support.js";

/** What the doctor says under the title that begins so; `-d none` keeps the drivers of this computer out. */
async function said(home: Home, title: string, ...args: readonly string[]): Promise<readonly string[]> {
  const lines = linesOf(await home.machine(["doctor", ...args]));
  const from = lines.findIndex((line) => line.startsWith(title)) + 1;
  const to = lines.findIndex((line, index) => index >= from && !line.startsWith("  "));
  return lines.slice(from, to < 0 ? lines.length : to).map((line) => line.trim());
}

const onStore = (home: Home) => said(home, "store", "-d", "none");

async function putLock(home: Home, kind: string, lock: string, pid: number, host = hostname()): Promise<string> {
  const dir = join(home.store, "locks", kind, lock);
  await mkdir(dir, { recursive: true });
  const file = join(dir, `hold.1.${String(pid)}.x.5d3c6a9e-0000-4000-8000-000000000000.${await place()}.${host}`);
  await writeFile(file, "");
  return file;
}

/** As a lock's file says where its process runs: this computer, this PID namespace. */
async function place(): Promise<string> {
  const { computer, boot, namespace } = await thisProcess();
  return [computer, boot, namespace].join("-");
}

/** No process has it: above the most that Linux gives. */
const noPid = 2 ** 22 + 1;

test("a store that is well is a success, each thing on a line of its own under the store, then the machines", async () => {
  const home = await newHome();
  await createNone(home, "web", "db");
  const { code, stdout, stderr } = await home.machine(["doctor", "-d", "none"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.replace(/\d{4}-\d\d-\d\d/g, "DAY")).toBe(
    [
      `store ${home.store}`,
      "  ok       directories: are their owner's alone",
      "  ok       keys: are their owner's alone",
      "  ok       certificates: good until DAY",
      "  ok       locks: nobody has one",
      "  ok       leftovers: none",
      "  ok       docker contexts: none leads nowhere",
      ...["db", "web"].flatMap((name) => [
        `machine ${name}`,
        "  ok       state: Running",
        "  ok       directories: are their owner's alone",
      ]),
      "",
    ].join("\n"),
  );
});

test("a docker context of a machine that somebody has deleted leads nowhere", async () => {
  const home = await newHome();
  await createNone(home, "web");
  await rename(join(home.store, "machines", "web"), join(home.home, "aside"));
  expect(await onStore(home)).toContain(
    "warning  docker contexts: these lead to machines that are gone: web; machine context sync",
  );
  await home.machine(["context", "sync"]);
  expect(await onStore(home)).toContain("ok       docker contexts: none leads nowhere");
});

test("keys that others can read are a problem, open directories a warning, and the chmod is there to paste", async () => {
  const home = await newHome();
  await createNone(home, "web");
  await chmod(home.store, 0o755);
  expect((await home.machine(["doctor", "-d", "none"])).code).toBe(0);
  expect(await onStore(home)).toContain(
    `warning  directories: others may look into ${home.store}; chmod 700 ${home.store}`,
  );
  const key = join(home.store, "certs", "key.pem");
  await chmod(key, 0o640);
  expect((await home.machine(["doctor", "-d", "none"])).code).toBe(1);
  expect(await onStore(home)).toContain(`problem  keys: others may read ${key}; chmod 600 ${key}`);
});

test("locks of processes that are gone and of other computers are told with what takes them away", async () => {
  const home = await newHome();
  const dead = await putLock(home, "", "ca", noPid);
  expect(await onStore(home)).toContain(
    `warning  locks: of processes that are gone, which hold nobody up: ca by process ${String(noPid)}; rm ${dead}`,
  );
  const far = (await putLock(home, "machines", "web", 1, "elsewhere")).replace(`.${await place()}.`, ".x-x-x.");
  await rename(await putLock(home, "machines", "web", 1, "elsewhere"), far);
  expect(await onStore(home)).toContain(
    `warning  locks: taken from another computer: web by process 1 on elsewhere; if it is gone: rm ${far}`,
  );
});

test("what a command left that was cut off is told, but not while one is at work", async () => {
  const home = await newHome();
  await createNone(home, "web");
  const half = join(home.store, "machines", ".creating-db");
  const file = join(home.store, "machines", "web", ".new-config.json-5d3c6a9e-0000-4000-8000-000000000000");
  await mkdir(half);
  await writeFile(file, "");
  expect(await onStore(home)).toContain(
    `warning  leftovers: something was cut off, and has left what is of no use; rm -r ${half} ${file}`,
  );
  await putLock(home, "machines", "db", process.pid);
  expect((await onStore(home)).join()).not.toContain("leftovers");
});

test("an authority that is not whole is a problem", async () => {
  const home = await newHome();
  await createNone(home, "web");
  await rename(join(home.store, "certs", "ca-key.pem"), join(home.home, "ca-key.pem"));
  expect(await onStore(home)).toContainEqual(
    expect.stringMatching(/^problem {2}certificates: .*there is no .*ca-key\.pem.*; put it back/),
  );
});

test("certificates of a machine are warned of before their end, and a problem afterwards", async () => {
  const home = await newHome();
  const dir = await putGeneric(home, "web");
  const ca = await makeAuthority({ user: "ann", now: Date.now() });
  await putCertificates(dir, ca, Date.now() - 350 * day);
  const machine = () => said(home, "machine web", "-d", "generic");
  expect(await machine()).toContainEqual(
    expect.stringMatching(/^warning {2}certificates: they expire in \d+ days; machine regenerate-certs web$/),
  );
  await putCertificates(dir, ca, Date.now() - 400 * day);
  expect(await machine()).toContain("problem  certificates: they have expired; machine regenerate-certs web");
});

test("a machine is looked at by its engine, and the names choose machines and their drivers", async () => {
  const home = await newHome();
  await putRunning(home, "web");
  await createNone(home, "db");
  const lines = linesOf(await home.machine(["doctor", "web"]));
  expect(lines.filter((line) => !line.startsWith(" "))).toEqual([
    "driver generic",
    `store ${home.store}`,
    "machine web",
  ]);
  expect(lines).toContain("  ok       state: Running, engine v29.1.0");
  expect((await home.machine(["doctor", "nobody"])).stderr).toContain('Docker machine "nobody" does not exist');
});

test("an engine that refuses our certificates is a problem, with where to look", async () => {
  const home = await newHome();
  await putRunning(home, "web");
  const dir = join(home.store, "machines", "web");
  await putCertificates(dir, await makeAuthority({ user: "ann", now: Date.now() }));
  expect((await said(home, "machine web", "web"))[0]).toMatch(
    /^problem {2}state: Unable to query docker version: .*; machine ssh web sudo journalctl .*; machine provision web mends/,
  );
});

test("a broken config.json and an unknown driver are problems of their machines alone", async () => {
  const home = await newHome();
  await createNone(home, "broken", "web");
  await writeFile(join(home.store, "machines", "broken", "config.json"), "{");
  await putGeneric(home, "strange", 1, (config) => ({ ...config, DriverName: "strange" }));
  const { code } = await home.machine(["doctor", "broken", "strange", "web"]);
  expect(code).toBe(1);
  const about = (name: string) => said(home, `machine ${name}`, "broken", "strange", "web");
  expect(await about("broken")).toEqual([expect.stringMatching(/^problem {2}config\.json: broken is broken: /)]);
  expect((await about("strange"))[0]).toMatch(/^problem {2}state: Driver "strange" not found\./);
  expect((await about("web"))[0]).toBe("ok       state: Running");
  expect(await readdir(join(home.store, "machines"))).toEqual(["broken", "strange", "web"]);
});

test("a setting and a variable that create would use are what the driver is looked at with", async () => {
  const home = await newHome();
  const about = (env: Readonly<Record<string, string>>) =>
    home.machine(["doctor", "-d", "generic"], { env }).then(({ stdout }) => stdout);
  await home.machine(["settings", "set", "generic-ssh-key", "/kept"]);
  expect(await about({})).toContain('problem  keys: SSH key does not exist: "/kept"');
  expect(await about({ GENERIC_SSH_KEY: "/given" })).toContain('SSH key does not exist: "/given"');
  const all = await home.machine(["doctor"], {
    env: { GENERIC_SSH_PORT: "many", AWS_EC2_METADATA_DISABLED: "true" },
  });
  expect(all.stdout).toContain("driver generic\n  problem  options: --generic-ssh-port must be a whole number");
});
