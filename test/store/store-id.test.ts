import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../src/store/store.js";

test("a store has one id, whoever asks first, and keeps it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "machine-store-"));
  const open = (): ReturnType<typeof openStore> => openStore(join(dir, "store"), { command: "test" });
  try {
    const ids = await Promise.all([1, 2, 3, 4].map(() => open().storeId()));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await open().storeId()).toBe(ids[0]);
    await writeFile(join(dir, "store", "owner"), "");
    expect(await open().storeId()).not.toBe(ids[0]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
