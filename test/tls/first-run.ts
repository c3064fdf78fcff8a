import { join } from "node:path";
import { withLock } from "../../src/store/lock.js";
import { ensureAuthority } from "../../src/tls/authority.js";
import { pathsIn } from "./paths.js";

/** A process that uses a store for the first time. Usage: first-run.ts STORE */
const store = process.argv[2] ?? "";
await ensureAuthority(pathsIn(join(store, "certs")), {
  now: Date.now(),
  user: "ann",
  lock: (name, work) => withLock(join(store, "locks"), name, { command: "machine create" }, work, { wait: 60_000 }),
  named: [],
  notice: (line) => process.stdout.write(`${line}\n`),
});
