import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withLock, type LockOptions } from "../../src/store/lock.js";
import { temporaryDirectory, workers, type Worker } from "./support.js";

let locks: string;
let pool: Awaited<ReturnType<typeof workers>>;
beforeAll(async () => {
  pool = await workers();
});
afterAll(async () => {
  await pool.stop();
});
beforeEach(async () => {
  locks = await temporaryDirectory();
});
afterEach(async () => {
  await rm(locks, { recursive: true });
});

function lock<T>(work: () => Promise<T>, options?: LockOptions): Promise<T> {
  return withLock(locks, "n1", { command: "machine start n1" }, work, options);
}

const nothing = (): Promise<string> => Promise.resolve("done");

async function holder(): Promise<Worker> {
  const worker = pool.start("hold", locks, "n1");
  await worker.says("held");
  return worker;
}

async function killed(worker: Worker): Promise<void> {
  worker.child.kill("SIGKILL");
  await worker.end;
}

/** The one file of the one contender. */
async function onlyFile(): Promise<string> {
  const files = await readdir(join(locks, "n1"));
  expect(files).toHaveLength(1);
  return files[0] ?? "";
}

/** Makes the file of the only contender say that it runs elsewhere. */
async function moveTo(place: Readonly<Partial<Record<"computer" | "boot" | "namespace", string>>>): Promise<void> {
  const file = await onlyFile();
  const parts = file.split(".");
  const [computer = "", boot = "", namespace = ""] = parts[5]?.split("-") ?? [];
  parts[5] = Object.values({ computer, boot, namespace, ...place }).join("-");
  await rename(join(locks, "n1", file), join(locks, "n1", parts.join(".")));
}

describe("a lock", () => {
  it("is held by one process at a time", async () => {
    const counter = join(locks, "counter");
    await writeFile(counter, "0");
    const counting = Array.from({ length: 8 }, () => pool.start("count", locks, "n1", counter, "25"));
    const ends = await Promise.all(counting.map(({ end }) => end));
    expect(ends).toEqual(ends.map(() => ({ code: 0, output: "" })));
    expect(await readFile(counter, "utf8")).toBe("200");
  });

  it("comes to each of 20 contenders in one process before the wait is over", async () => {
    let inside = 0;
    const work = async (): Promise<number> => {
      inside++;
      await sleep(20);
      return inside--;
    };
    const counts = await Promise.all(Array.from({ length: 20 }, () => lock(work)));
    expect(counts).toEqual(counts.map(() => 1));
  });

  it("gives back what the work returns, is free after it, and leaves no file", async () => {
    expect(await lock(nothing)).toBe("done");
    expect(await lock(nothing, { wait: 0 })).toBe("done");
    expect(await readdir(locks)).toEqual([]);
  });

  it("is free after work that failed", async () => {
    await expect(lock(() => Promise.reject(new Error("broke")))).rejects.toThrow("broke");
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });

  it("does not stand in the way of another name", async () => {
    const other = (): Promise<string> => withLock(locks, "n2", { command: "" }, nothing, { wait: 0 });
    expect(await lock(other)).toBe("done");
  });

  it("says so where its directory cannot be made", async () => {
    await writeFile(join(locks, "file"), "");
    await symlink(join(locks, "nowhere"), join(locks, "link"));
    for (const name of ["file", "link"]) {
      const refused = withLock(join(locks, name), "n1", { command: "" }, nothing);
      await expect(refused).rejects.toMatchObject({ code: "failed" });
      await expect(refused).rejects.toThrow(`cannot lock ${join(locks, name, "n1")}: E`);
    }
  });

  it("stays in its directory whatever its name", async () => {
    const inner = join(locks, "inner");
    for (const name of ["../outside", "..", "a/b", "a\0b"]) {
      await withLock(inner, name, { command: "" }, async () => {
        expect(await readdir(locks)).toEqual(["inner"]);
        expect(await readdir(inner)).toHaveLength(1);
      });
    }
  });
});

describe("a lock that another process holds", () => {
  it("names the holder when the wait is over", async () => {
    const { pid } = await holder();
    const refused = lock(nothing, { wait: 100 });
    await expect(refused).rejects.toMatchObject({ code: "busy" });
    await expect(refused).rejects.toThrow(`n1 is in use by process ${String(pid)} (machine hold), since 20`);
    expect(await onlyFile()).toContain(String(pid));
  });

  it("is taken over when the holder was killed", async () => {
    await killed(await holder());
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });

  it("is taken over when the holder's pid belongs to a later process", async () => {
    const worker = await holder();
    const file = await onlyFile();
    await killed(worker);
    const reused = file.replace(`.${String(worker.pid)}.`, `.${String(process.pid)}.`);
    await rename(join(locks, "n1", file), join(locks, "n1", reused));
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });

  it("is never taken from another computer, but the error says where it is and which file to delete", async () => {
    const worker = await holder();
    const file = await onlyFile();
    await killed(worker);
    const remote = `${file.split(".").slice(0, 5).join(".")}.1a-2b-3.build%2F7.example`;
    await rename(join(locks, "n1", file), join(locks, "n1", remote));
    const refused = lock(nothing, { wait: 50 });
    await expect(refused).rejects.toThrow(
      `process ${String(worker.pid)} on the computer build/7.example (machine hold)`,
    );
    const hint = `if that process is gone, delete ${join(locks, "n1", remote)}`;
    await expect(refused).rejects.toMatchObject({ code: "busy", hint });
    await rm(join(locks, "n1", remote));
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });

  it.each([
    ["another container's", { namespace: "7" }, " in another container"],
    ["a computer with the same name", { boot: "0a1b2c3d", computer: "0a1b2c3d" }, " on another computer called "],
    ["a computer that cannot be told from others", { boot: "0a1b2c3d", computer: "x" }, " on another computer called "],
  ])("is not taken from %s, whose pids say nothing here", async (_, place, told) => {
    const worker = await holder();
    await killed(worker);
    await moveTo(place);
    const inFirstNamespace = (await readlink("/proc/self/ns/pid")) === "pid:[4026531836]";
    if (inFirstNamespace && "namespace" in place) expect(await lock(nothing, { wait: 0 })).toBe("done");
    else await expect(lock(nothing, { wait: 0 })).rejects.toThrow(`process ${String(worker.pid)}${told}`);
  });

  it("is not taken from a living process of another PID namespace", async () => {
    const worker = pool.startIn(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"], "hold", locks, "n1");
    await worker.says("held");
    await expect(lock(nothing, { wait: 0 })).rejects.toThrow("n1 is in use by process 1 in another container (machine");
    await killed(worker);
  });

  it("is taken over when its computer was restarted", async () => {
    await killed(await holder());
    await moveTo({ boot: "0a1b2c3d" });
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });

  it("is not waited for after an interrupt", async () => {
    await holder();
    const control = new AbortController();
    const waiting = lock(nothing, { signal: control.signal });
    control.abort();
    await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
    await onlyFile();
  });

  it("comes to those behind a suspended one that waits", async () => {
    const suspended = await lock(async () => {
      const worker = pool.start("hold", locks, "n1");
      while ((await readdir(join(locks, "n1"))).length < 2) await sleep(10);
      worker.child.kill("SIGSTOP");
      return worker;
    });
    expect(await lock(nothing)).toBe("done");
    suspended.child.kill("SIGCONT");
    await suspended.says("held");
    await killed(suspended);
  });

  it("ignores what is not a contender's file", async () => {
    await mkdir(join(locks, "n1", "hold"), { recursive: true });
    await writeFile(join(locks, "n1", "hold.txt"), "");
    expect(await lock(nothing, { wait: 0 })).toBe("done");
  });
});
