// Bundles the program into dist/: cli.cjs, and a file for each command, driver and library that is loaded on demand.
import { chmod, readFile, rm } from "node:fs/promises";
import { relative } from "node:path";
import { build } from "esbuild";

const root = new URL("../", import.meta.url).pathname;
const dist = `${root}dist/`;
const common = {
  outdir: dist,
  bundle: true,
  platform: "node",
  target: "node20.19",
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: "warning",
};

await rm(dist, { recursive: true, force: true });
await buildProgram();
await buildContract();

/** CommonJS, since Node's loader of ES modules alone makes its start a fifth longer. */
async function buildProgram() {
  const files = new Map([[`${root}src/bin.ts`, "cli"]]);
  // Those that are found on the way are built after it.
  for (const [source, name] of files) {
    await build({
      ...common,
      entryPoints: { [name]: source },
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      mainFields: ["module", "main"],
      // ssh2 does without both: they are faster ciphers built by a compiler at install time.
      external: ["./*.cjs", "*.node", "cpu-features"],
      define: {
        "import.meta.dirname": "__dirname",
        // What AWS's SDK will need of Node in its next versions does not concern one that is bundled.
        "process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": '"true"',
      },
      plugins: [onDemand(files), literalKeys()],
    });
  }
  await chmod(`${dist}cli.cjs`, 0o755);
}

/**
 * Makes each `import()` of a named module a `require`: of Node's own, else of a file of its own, which holds whatever it needs. So some modules are in more
 * files than one, which is harmless for modules without state, and a command is two or three files.
 */
function onDemand(files) {
  return {
    name: "on-demand",
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^/ }, async ({ path, kind, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        if (path.startsWith("node:")) return { path, namespace: "on-demand" };
        // For proxies of Windows domains: whoever has one has installed it.
        if (path === "kerberos") return { path, external: true };
        const { path: source } = await resolve(path, { kind: "import-statement", resolveDir });
        if (!files.has(source)) files.set(source, fileName(source, path));
        return { path: files.get(source), namespace: "on-demand" };
      });
      onLoad({ filter: /^/, namespace: "on-demand" }, ({ path }) => {
        const file = path.startsWith("node:") ? path : `./${path}.cjs`;
        return { contents: `export * from "${file}"; export { default } from "${file}";` };
      });
    },
  };
}

/** `commands-env` for src/commands/env/env.ts, `peculiar-x509` for the package. */
function fileName(source, specifier) {
  const [inPackage] = source.split("/node_modules/").reverse();
  const path = inPackage === source ? relative(root, source) : specifier.startsWith(".") ? inPackage : specifier;
  return path.replaceAll(/^(src\/|@)|(\/index)?\.[jt]s$/g, "").replaceAll("/", "-");
}

/**
 * AWS's SDK describes all calls of a service in one file of data. Computed keys (`[_n]:`) might do something, so that no
 * bundler leaves out data with them; plain keys let it keep the calls that are used, a tenth of the file.
 */
function literalKeys() {
  return {
    name: "literal-keys",
    setup({ onLoad }) {
      onLoad({ filter: /@aws-sdk\/client-\w+\/dist-es\/schemas\/\w+\.js$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const values = new Map([...text.matchAll(/^const (\w+) = (".*");$/gm)].map(([, name, value]) => [name, value]));
        return {
          contents: text.replaceAll(/\[(\w+)\]:/g, (key, name) => (values.has(name) ? `${values.get(name)}:` : key)),
        };
      });
    },
  };
}

/** What an outside driver imports. */
async function buildContract() {
  await build({
    ...common,
    entryPoints: { driver: `${root}src/driver/index.ts`, "driver-test": `${root}src/driver/conformance.ts` },
    format: "esm",
    splitting: true,
  });
}
