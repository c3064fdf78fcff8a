// Bundles the program into dist/: one entry, and one chunk for each command, driver and library that is loaded on demand.
import { chmod, rm } from "node:fs/promises";
import { build } from "esbuild";

const dist = new URL("../dist/", import.meta.url).pathname;
await rm(dist, { recursive: true, force: true });
await build({
  entryPoints: { cli: "src/cli.ts", driver: "src/driver/index.ts", "driver-test": "src/driver/conformance.ts" },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.17",
  // A CommonJS package keeps its names to itself when it is imported on demand.
  mainFields: ["module", "main"],
  minifyWhitespace: true,
  minifySyntax: true,
  // ssh2 does without both: they are faster ciphers built by a compiler at install time.
  external: ["*.node", "cpu-features"],
  define: { __dirname: "import.meta.dirname" },
  // The CommonJS packages among them ask for Node's modules by require.
  banner: { js: 'import{createRequire as _r}from"node:module";const require=_r(import.meta.url);' },
  logLevel: "warning",
});
await chmod(`${dist}cli.js`, 0o755);
