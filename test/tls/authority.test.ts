import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execPath } from "node:process";
import { build } from "esbuild";
import { beforeEach, describe, expect, it } from "vitest";
import {
  ensureAuthority,
  installClientCertificate,
  issueServerCertificate,
  renewClientCertificate,
  type CertPaths,
} from "../../src/tls/authority.js";
import { makeAuthority, makeClientCertificate } from "../../src/tls/certificate.js";
import { describeCertificate, serverCertificateIsGood } from "../../src/tls/describe.js";
import { output } from "../support/command.js";
import { pathsIn } from "./paths.js";
import { asFile, authorityOfDockerMachine, contextAt, day, temporaryDirectory, verdict } from "./support.js";

/** A little ahead, so that what other programs make by the clock is in force by then. */
const now = Date.now() + 600_000;
const tenYears = 3_652 * day;
let paths: CertPaths;

beforeEach(async () => {
  paths = pathsIn(join(await temporaryDirectory(), "store", "certs"));
});

const text = (path: string) => readFile(path, "utf8");
const contents = async () => Promise.all([paths.ca, paths.caKey, paths.cert, paths.key].map(text));
const ensure = (at = now) => ensureAuthority(paths, contextAt(at));

/** The client certificate is for the key beside it, and openssl verifies it at that time. */
async function expectUsable(at = now): Promise<void> {
  const [ca = "", , cert = "", key = ""] = await contents();
  const time = ["-attime", String(Math.floor(at / 1_000) + 1)];
  expect(await verdict(ca, cert, "-x509_strict", "-purpose", "sslclient", ...time)).toBe("OK");
  const publicKey = await output("openssl", ["pkey", "-pubout", "-in", await asFile(key)]);
  expect(await output("openssl", ["x509", "-noout", "-pubkey", "-in", await asFile(cert)])).toBe(publicKey);
}

describe("an empty store", () => {
  it("gets an authority and a client certificate, told in docker-machine's words", async () => {
    const context = contextAt(now);
    await ensureAuthority(paths, context);
    await expectUsable();
    expect(context.told).toEqual([`Creating CA: ${paths.ca}`, `Creating client certificate: ${paths.cert}`]);
  });

  it("gets the modes of docker-machine and nothing beside the four files", async () => {
    await ensure();
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    const modes = await Promise.all(
      [join(paths.dir, ".."), paths.dir, paths.ca, paths.caKey, paths.cert, paths.key].map(mode),
    );
    expect(modes).toEqual(["700", "700", "644", "600", "644", "600"]);
    expect((await readdir(paths.dir)).sort()).toEqual(["ca-key.pem", "ca.pem", "cert.pem", "key.pem"]);
  });

  it("gets one authority from eight processes that use it first at the same time", async () => {
    const store = join(paths.dir, "..");
    await mkdir(store, { mode: 0o700 });
    const outfile = join(store, "first-run.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "first-run.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    const printed = await Promise.all(Array.from({ length: 8 }, () => output(execPath, [outfile, store])));
    expect(printed.filter((lines) => lines !== "")).toEqual([
      `Creating CA: ${paths.ca}\nCreating client certificate: ${paths.cert}`,
    ]);
    await expectUsable();
  });
});

describe("a store where all is well", () => {
  it("is not locked and not written", async () => {
    await ensure();
    const before = await contents();
    const lock = () => Promise.reject(new Error("locked"));
    await ensureAuthority(paths, { ...contextAt(now + 300 * day), lock });
    expect(await contents()).toEqual(before);
  });

  it("can be docker-machine's", async () => {
    const ca = await authorityOfDockerMachine();
    const { cert, key } = await makeClientCertificate(ca, { user: "root", now });
    await putFiles({ ca: ca.cert, caKey: ca.key, cert, key });
    const before = await contents();
    await ensure();
    expect(await contents()).toEqual(before);
  });
});

describe("a run that was cut off", () => {
  // In the order of writing: ca.pem, ca-key.pem, cert.pem, key.pem.
  it.each([1, 2, 3])("after %d files is made good by the next one", async (written) => {
    await ensure();
    for (const path of [paths.ca, paths.caKey, paths.cert, paths.key].slice(written)) await rm(path);
    await ensure();
    await expectUsable();
  });

  it("between a new client certificate and its key is made good by the next one", async () => {
    await ensure();
    const [, , , key = ""] = await contents();
    await renewClientCertificate(paths, contextAt(now));
    await writeFile(paths.key, key);
    await ensure();
    await expectUsable();
    expect(await text(paths.key)).toBe(key);
  });

  it.each([
    ["an empty certificate", "cert"],
    ["an empty key", "key"],
  ] as const)("and left %s of the client is made good by the next one", async (_, which) => {
    await ensure();
    await writeFile(paths[which], "");
    await ensure();
    await expectUsable();
  });
});

describe("a certificate that ends", () => {
  it("is renewed for the same key in its last 30 days, when it is the client's", async () => {
    await ensure();
    const [ca, caKey, cert, key] = await contents();
    const later = now + 340 * day;
    const context = contextAt(later);
    await ensureAuthority(paths, context);
    expect(context.told).toEqual([`Renewing client certificate: ${paths.cert}`]);
    const after = await contents();
    expect(after).toEqual([ca, caKey, expect.not.stringContaining(cert ?? ""), key]);
    expect(describeCertificate(after[2] ?? "").notAfter).toBeGreaterThan(later + 364 * day);
    await expectUsable(later);
  });

  it("is renewed when it is the authority's and expired, and the client's is signed again", async () => {
    await ensure();
    const later = now + tenYears + day;
    const context = contextAt(later);
    await ensureAuthority(paths, context);
    expect(context.told[0]).toMatch(/^Renewing CA: .*it ended on .*machine regenerate-certs NAME/);
    await expectUsable(later);
  });

  it("leaves a server certificate good when it is the authority's and docker-machine's", async () => {
    const ca = await authorityOfDockerMachine();
    await putFiles({ ca: ca.cert, caKey: ca.key });
    await ensure();
    const later = now + 1_060 * day;
    const request = { machine: "web-1", user: "root", names: ["web-1"], now: later };
    const server = await issueServerCertificate(paths, request);
    const context = contextAt(later);
    await ensureAuthority(paths, context);
    expect(context.told[0]).toMatch(/^Renewing CA: .*every machine needs it before/);
    expect(serverCertificateIsGood(server.cert, await text(paths.ca), ["web-1"], later)).toBe(true);
    await expectUsable(later);
  });
});

describe("a store that was made while the clock was ahead", () => {
  it("has its certificates renewed for the same keys once the clock is right", async () => {
    await ensureAuthority(paths, contextAt(now + 400 * day));
    const [, caKey, , key] = await contents();
    const context = contextAt(now);
    await ensureAuthority(paths, context);
    expect(context.told[0]).toMatch(/^Renewing CA: .*it is not valid before /);
    expect(await contents()).toEqual([expect.any(String), caKey, expect.any(String), key]);
    await expectUsable(now);
  });
});

describe("renewing the client certificate", () => {
  it("makes a new key and new dates though nothing has expired, and keeps engines reachable", async () => {
    await ensure();
    const [ca = "", caKey, cert, key] = await contents();
    const server = await issueServerCertificate(paths, { machine: "n", user: "ann", names: ["n"], now });
    const later = now + 60_000;
    await renewClientCertificate(paths, contextAt(later));
    const after = await contents();
    expect(after[1]).toBe(caKey);
    for (const old of [ca, cert, key]) expect(after).not.toContain(old);
    await expectUsable(later);
    expect(await verdict(ca, after[2] ?? "", "-purpose", "sslclient")).toBe("OK");
    expect(serverCertificateIsGood(server.cert, after[0] ?? "", ["n"], later)).toBe(true);
  });

  it("is refused for a certificate of the user's own, and changes nothing", async () => {
    await ensure();
    const elsewhere = pathsIn(await temporaryDirectory());
    await writeFile(elsewhere.cert, await text(paths.cert));
    await writeFile(elsewhere.key, await text(paths.key));
    const before = await contents();
    const mixed = { ...paths, cert: elsewhere.cert, key: elsewhere.key };
    await expect(renewClientCertificate(mixed, contextAt(now))).rejects.toMatchObject({
      message: `Error generating certificates: the client certificate ${mixed.cert} is your own and stays as it is`,
    });
    expect(await contents()).toEqual(before);
  });
});

describe("files that only the user can put right", () => {
  const prefix = "Error generating certificates: ";

  it("are a key of an authority without its certificate", async () => {
    await ensure();
    await rm(paths.ca);
    await expect(ensure()).rejects.toMatchObject({ message: `${prefix}certificate authority key already exists` });
  });

  it("are a key of a client without its certificate", async () => {
    await ensure();
    await rm(paths.cert);
    await expect(ensure()).rejects.toMatchObject({ message: `${prefix}client key already exists` });
  });

  it("are an authority in use whose key is gone", async () => {
    await ensure();
    await rm(paths.caKey);
    await expect(ensure()).rejects.toMatchObject({
      message: `${prefix}there is no ${paths.caKey}, the key of the authority ${paths.ca}`,
      hint: expect.stringContaining("put it back") as string,
    });
  });

  it("are an authority with the key of another one", async () => {
    await ensure();
    await writeFile(paths.caKey, (await makeAuthority({ user: "ann", now })).key);
    await expect(ensure()).rejects.toMatchObject({
      message: `${prefix}the authority ${paths.ca} does not belong to its key`,
    });
  });

  it("are an authority that may not sign", async () => {
    await ensure();
    await writeFile(paths.ca, await text(paths.cert));
    await writeFile(paths.caKey, await text(paths.key));
    await expect(ensure()).rejects.toMatchObject({ message: expect.stringMatching(/of no authority/) as string });
  });

  it("are an authority that is no certificate, and its key is not shown", async () => {
    await ensure();
    const key = await text(paths.caKey);
    await writeFile(paths.ca, "rubbish");
    const error: unknown = await ensure().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(/cannot be read/) as string });
    expect(JSON.stringify(error)).not.toContain(key.split("\n")[1]);
  });
});

describe("files of the user's own", () => {
  let own: CertPaths;
  beforeEach(async () => {
    own = pathsIn(await temporaryDirectory());
  });

  it("sign the store's client certificate and stay as they are", async () => {
    const ca = await authorityOfDockerMachine();
    await writeFile(own.ca, ca.cert);
    await writeFile(own.caKey, ca.key);
    const mixed = { ...paths, ca: own.ca, caKey: own.caKey };
    await ensureAuthority(mixed, contextAt(now));
    expect(await verdict(ca.cert, await text(paths.cert), "-purpose", "sslclient")).toBe("OK");
    expect(await text(own.ca)).toBe(ca.cert);
    expect(await readdir(paths.dir)).toEqual(expect.not.arrayContaining(["ca.pem", "ca-key.pem"]));
  });

  it("do not sign a client certificate anew that opens the machines of the store's own authority", async () => {
    await ensure();
    await ensureAuthority(own, contextAt(now));
    const before = await text(paths.cert);
    await expect(ensureAuthority({ ...paths, ca: own.ca, caKey: own.caKey }, contextAt(now))).rejects.toMatchObject({
      message: expect.stringContaining(`is not of the authority ${own.ca}`) as string,
      hint: expect.stringContaining("--tls-client-cert") as string,
    });
    expect(await text(paths.cert)).toBe(before);
  });

  it("are an error when the authority's key is not among them", async () => {
    await writeFile(own.ca, (await makeAuthority({ user: "ann", now })).cert);
    const mixed = { ...paths, ca: own.ca, caKey: own.caKey };
    await expect(ensureAuthority(mixed, contextAt(now))).rejects.toMatchObject({
      message: expect.stringContaining(`there is no ${own.caKey}`) as string,
      hint: expect.stringContaining("--tls-ca-key") as string,
    });
  });

  it("are an error when they have expired, not overwritten", async () => {
    await ensureAuthority(own, contextAt(now));
    const before = await text(own.ca);
    const mixed = { ...paths, ca: own.ca, caKey: own.caKey };
    await expect(ensureAuthority(mixed, contextAt(now + tenYears + day))).rejects.toMatchObject({
      message: expect.stringMatching(/the authority .* ended on/) as string,
    });
    expect(await text(own.ca)).toBe(before);
  });

  it("are an error when the client certificate is of another authority", async () => {
    await ensure();
    await ensureAuthority(own, contextAt(now));
    const before = await text(own.cert);
    await expect(ensureAuthority({ ...paths, cert: own.cert, key: own.key }, contextAt(now))).rejects.toMatchObject({
      message: expect.stringMatching(/is signed by another authority$/) as string,
    });
    expect(await text(own.cert)).toBe(before);
  });
});

describe("the copies of a machine", () => {
  it("are the same bytes with docker-machine's modes", async () => {
    await ensure();
    const machine = await temporaryDirectory();
    expect(await installClientCertificate(paths, machine)).toBe(true);
    for (const [name, from, mode] of [
      ["ca.pem", paths.ca, 0o644],
      ["cert.pem", paths.cert, 0o644],
      ["key.pem", paths.key, 0o600],
    ] as const) {
      expect(await text(join(machine, name))).toBe(await text(from));
      expect((await stat(join(machine, name))).mode & 0o777).toBe(mode);
    }
  });

  it("are written only where they differ", async () => {
    await ensure();
    const machine = await temporaryDirectory();
    await installClientCertificate(paths, machine);
    const files = async () =>
      Promise.all(["ca.pem", "cert.pem", "key.pem"].map(async (name) => (await stat(join(machine, name))).ino));
    const before = await files();
    expect(await installClientCertificate(paths, machine)).toBe(false);
    expect(await files()).toEqual(before);
    await ensureAuthority(paths, contextAt(now + 340 * day));
    expect(await installClientCertificate(paths, machine)).toBe(true);
    const after = await files();
    expect(after.map((inode, index) => inode === before[index])).toEqual([true, false, true]);
  });

  it("cannot be made before the certificates", async () => {
    await expect(installClientCertificate(paths, await temporaryDirectory())).rejects.toMatchObject({
      message: `there is no ${paths.ca}`,
      hint: expect.stringContaining("regenerate-certs") as string,
    });
  });
});

describe("a server certificate of the store", () => {
  it("comes with the authority and covers the names", async () => {
    await ensure();
    const names = ["web-1", "localhost", "127.0.0.1", "2001:db8::7"];
    const { ca, cert, key } = await issueServerCertificate(paths, { machine: "web-1", user: "ann", names, now });
    expect(ca).toBe(await text(paths.ca));
    expect(serverCertificateIsGood(cert, ca, names, now)).toBe(true);
    expect(await verdict(ca, cert, "-purpose", "sslserver", "-verify_ip", "2001:db8::7")).toBe("OK");
    expect(await output("openssl", ["pkey", "-noout", "-check", "-in", await asFile(key)])).toContain("is valid");
  });
});

async function putFiles(files: Partial<Record<"ca" | "caKey" | "cert" | "key", string>>): Promise<void> {
  await mkdir(paths.dir, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(paths[name as keyof typeof files], content);
}
