import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
  renewAuthority,
} from "../../src/tls/certificate.js";
import { describeCertificate } from "../../src/tls/describe.js";
import { output } from "../support/command.js";
import { asFile, authorityOfDockerMachine, day, inWords, verdict } from "./support.js";

const now = Date.now();
const hour = 3_600_000;
const names = ["Web-1", "localhost", "127.0.0.1", "[::1]", "2001:DB8:0::7", "*.example.com", "web.example.org."];

const server = { user: "ann", machine: "web-1", names, now };

describe("the authority", () => {
  it("may sign certificates, for ten years", async () => {
    const { cert } = await makeAuthority({ user: "ann", now });
    expect(await verdict(cert, cert, "-x509_strict")).toBe("OK");
    const words = await inWords(cert);
    expect(words).toMatch(/Basic Constraints: critical\n\s+CA:TRUE/);
    expect(words).toMatch(/Key Usage: critical\n\s+Certificate Sign, CRL Sign/);
    const { subject, notAfter } = describeCertificate(cert);
    expect(subject).toBe("O=ann, CN=machine CA");
    expect((notAfter - now) / (365.25 * day)).toBeCloseTo(10, 2);
  });

  it("has dates that verifiers read also after 2050", async () => {
    const later = Date.UTC(2045, 0, 1);
    const { cert } = await makeAuthority({ user: "ann", now: later });
    expect(await inWords(cert)).toMatch(/Not After : .* 2055 GMT/);
    expect(await verdict(cert, cert, "-attime", String(later / 1_000 + 9 * 365 * 86_400))).toBe("OK");
  });

  it("keeps what it has signed when it is renewed, and old and new sign for each other", async () => {
    for (const ca of [await makeAuthority({ user: "ann", now }), await authorityOfDockerMachine()]) {
      const renewed = { cert: await renewAuthority(ca, now + hour), key: ca.key };
      const before = await makeServerCertificate(ca, server);
      const after = await makeServerCertificate(renewed, server);
      const inTime = ["-attime", String(Math.floor(now / 1_000) + 60)];
      expect(await verdict(renewed.cert, before.cert, ...inTime)).toBe("OK");
      expect(await verdict(ca.cert, after.cert, ...inTime)).toBe("OK");
      expect(renewed.cert).not.toBe(ca.cert);
    }
  });
});

describe("a server certificate", () => {
  it("is verified by openssl for each of its names and for no other", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeServerCertificate(ca, server);
    const asked = {
      hostname: ["web-1", "localhost", "any.example.com", "web.example.org", "web-2", "example.com"],
      ip: ["127.0.0.1", "::1", "2001:db8::7", "192.0.2.7"],
    };
    const said: Record<string, string> = {};
    for (const [kind, values] of Object.entries(asked)) {
      for (const value of values) {
        said[value] = await verdict(ca.cert, cert, "-x509_strict", "-purpose", "sslserver", `-verify_${kind}`, value);
      }
    }
    expect(said).toEqual({
      "web-1": "OK",
      localhost: "OK",
      "any.example.com": "OK",
      "web.example.org": "OK",
      "web-2": "hostname mismatch",
      "example.com": "hostname mismatch",
      "127.0.0.1": "OK",
      "::1": "OK",
      "2001:db8::7": "OK",
      "192.0.2.7": "IP address mismatch",
    });
  });

  it("is not good for a client", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeServerCertificate(ca, server);
    expect(await verdict(ca.cert, cert, "-purpose", "sslclient")).toMatch(/^unsuitable certificate purpose/);
  });

  it("is valid for a year, and since an hour for clocks that are behind", async () => {
    const { cert } = await makeServerCertificate(await makeAuthority({ user: "ann", now }), server);
    const { notBefore, notAfter } = describeCertificate(cert);
    const second = Math.floor(now / 1_000) * 1_000;
    expect(new Date(notBefore)).toEqual(new Date(second - hour));
    expect(new Date(notAfter)).toEqual(new Date(second + 365 * day));
  });

  it("has a P-256 key in PKCS#8, a positive serial number of 16 bytes and the subject of docker-machine", async () => {
    const { cert, key } = await makeServerCertificate(await makeAuthority({ user: "ann", now }), server);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(await output("openssl", ["pkey", "-noout", "-text", "-in", await asFile(key)])).toMatch(/NIST CURVE: P-256/);
    expect(await output("openssl", ["x509", "-noout", "-serial", "-in", await asFile(cert)])).toMatch(
      /=[4-7][0-9A-F]{31}$/,
    );
    expect(describeCertificate(cert).subject).toBe("O=ann.web-1, CN=web-1");
  });

  it("can be had for a machine with a name of 200 letters", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const machine = Array.from({ length: 10 }, () => "a".repeat(19)).join(".");
    const { cert } = await makeServerCertificate(ca, { ...server, machine, names: [machine] });
    expect(await verdict(ca.cert, cert, "-verify_hostname", machine)).toBe("OK");
  });

  it.each(["", "two words", "a..b", "-b,c", "192.0.2.7:2376", "fe80::1%eth0", "münchen.example", "http://x"])(
    "is refused for the name %j",
    async (name) => {
      const ca = await makeAuthority({ user: "ann", now });
      const making = makeServerCertificate(ca, { ...server, names: ["localhost", name] });
      await expect(making).rejects.toMatchObject({
        code: "usage",
        message: expect.stringContaining(`"${name}"`) as string,
      });
    },
  );
});

describe("a client certificate", () => {
  it("is good for a client only", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeClientCertificate(ca, { user: "ann", now });
    expect(await verdict(ca.cert, cert, "-x509_strict", "-purpose", "sslclient")).toBe("OK");
    expect(await verdict(ca.cert, cert, "-purpose", "sslserver")).toMatch(/^unsuitable certificate purpose/);
    expect(describeCertificate(cert).subject).toBe("O=ann.<bootstrap>, CN=ann");
  });

  it("is made for the key that is given", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const first = await makeClientCertificate(ca, { user: "ann", now });
    const second = await makeClientCertificate(ca, { user: "ann", now, key: first.key });
    const keyOf = async (cert: string) => output("openssl", ["x509", "-noout", "-pubkey", "-in", await asFile(cert)]);
    expect(second.key).toBe(first.key);
    expect(await keyOf(second.cert)).toBe(await keyOf(first.cert));
  });
});

describe("an authority that somebody else made", () => {
  it.each([
    ["with a key identifier", []],
    ["without a key identifier", ["-addext", "subjectKeyIdentifier=none", "-addext", "authorityKeyIdentifier=none"]],
  ])("signs when it is docker-machine's, %s", async (_, more) => {
    const ca = await authorityOfDockerMachine(...more);
    expect(ca.key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const { cert } = await makeServerCertificate(ca, server);
    expect(describeCertificate(cert).issuer).toBe("O=root");
    expect(await inWords(cert)).toContain("Signature Algorithm: sha256WithRSAEncryption");
    expect(await verdict(ca.cert, cert)).toBe("OK");
  });

  it.each(["P-384", "P-521"])("signs with a key on %s", async (namedCurve) => {
    const key = generateKeyPairSync("ec", {
      namedCurve,
      privateKeyEncoding: { type: "sec1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    }).privateKey;
    const { cert } = await makeAuthority({ user: "ann", now });
    const ca = { cert: await renewAuthority({ cert, key }, now), key };
    expect(await verdict(ca.cert, (await makeClientCertificate(ca, { user: "ann", now })).cert)).toBe("OK");
  });

  it("is refused with a kind of key that engines may not know", async () => {
    const { privateKey: key } = generateKeyPairSync("ed25519", {
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const { cert } = await makeAuthority({ user: "ann", now });
    await expect(makeClientCertificate({ cert, key }, { user: "ann", now })).rejects.toMatchObject({
      code: "unsupported",
      message: "a CA key of the kind ed25519 cannot be used",
    });
  });
});
