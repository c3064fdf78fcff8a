import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../src/tls/certificate.js";
import { finish } from "../support/command.js";
import { startFileServer } from "./file-server.js";
import { digestOfBytes, noise, temporaryFolder } from "./support.js";

const bytes = noise(100_000);
const program = ["--import", import.meta.resolve("tsx"), join(import.meta.dirname, "..", "..", "src", "bin.ts")];

test("an image behind https is had from who is trusted, and by way of http only when its digest is known", async () => {
  const [http, folder] = [await startFileServer(bytes), await temporaryFolder()];
  const now = Date.now();
  const ca = await makeAuthority({ user: "ann", now });
  const own = await makeServerCertificate(ca, { user: "ann", machine: "web", names: ["127.0.0.1"], now });
  const server = createServer(own, ({ url }, response) => {
    if (url === "/leads-to-http") response.writeHead(302, { location: `${http.url}/disk.img` }).end();
    else response.end(bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await writeFile(join(folder, "ca.pem"), ca.cert);
  const pull = (env: object, ...args: readonly string[]) =>
    finish(process.execPath, [...program, "image", "pull", ...args], {
      env: { PATH: process.env["PATH"], HOME: folder, MACHINE_STORAGE_PATH: folder, ...env },
    });
  const trusting = { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };

  const untrusted = await pull({}, `${base}/disk.img`);
  expect(untrusted.code).toBe(1);
  expect(untrusted.stderr).toContain("NODE_EXTRA_CA_CERTS");
  expect((await pull(trusting, `${base}/disk.img`)).code).toBe(0);

  const misled = await pull(trusting, `${base}/leads-to-http`);
  expect(misled.code).toBe(1);
  expect(misled.stderr).toContain("where anybody on the way may change it");
  expect(http.requests.length).toBe(0);
  const digest = digestOfBytes(bytes, "sha512");
  expect((await pull(trusting, "--digest", digest, `${base}/leads-to-http`)).code).toBe(0);
  expect(http.requests.length).toBe(1);
});
