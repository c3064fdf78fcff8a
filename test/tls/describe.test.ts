import { describe, expect, it } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../src/tls/certificate.js";
import { daysLeft, describeCertificate, isDue, serverCertificateIsGood } from "../../src/tls/describe.js";
import { output } from "../support/command.js";
import { asFile, authorityOfDockerMachine, day } from "./support.js";

const now = Date.UTC(2026, 10, 24, 12);
const names = ["web-1", "localhost", "192.0.2.7", "2001:db8::7"];
const server = { user: "ann", machine: "web-1", names, now };

describe("the description of a certificate", () => {
  it("says whose it is, its names, its dates and its fingerprint", async () => {
    const { cert } = await makeServerCertificate(await makeAuthority({ user: "ann", now }), server);
    const printed = await output("openssl", ["x509", "-noout", "-fingerprint", "-sha256", "-in", await asFile(cert)]);
    expect(describeCertificate(cert)).toEqual({
      subject: "O=ann.web-1, CN=web-1",
      issuer: "O=ann, CN=machine CA",
      names,
      notBefore: Date.UTC(2026, 10, 24, 11),
      notAfter: Date.UTC(2027, 10, 24, 12),
      fingerprint: printed.replace(/^.*=/, ""),
    });
  });

  it("is had of docker-machine's certificates too", async () => {
    const { cert } = await authorityOfDockerMachine();
    expect(describeCertificate(cert)).toMatchObject({ subject: "O=root", issuer: "O=root", names: [] });
  });

  it("is refused for a text that holds no certificate", () => {
    expect(() => describeCertificate("no certificate")).toThrow();
  });
});

describe("the days that are left", () => {
  it.each([
    [30 * day, 30, false],
    [30 * day - 1, 29, true],
    [1, 0, true],
    [-1, -1, true],
  ])("of a certificate that ends in %d ms are %d", (left, days, soon) => {
    expect(daysLeft({ notAfter: now + left }, now)).toBe(days);
    expect(isDue({ notBefore: now, notAfter: now + left }, now)).toBe(soon);
  });
});

describe("a server certificate", () => {
  it("is good for the names it has, however they are written", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeServerCertificate(ca, server);
    expect(serverCertificateIsGood(cert, ca.cert, names, now)).toBe(true);
    expect(serverCertificateIsGood(cert, ca.cert, ["WEB-1.", "[2001:DB8:0:0::7]", "192.0.2.7"], now)).toBe(true);
    expect(serverCertificateIsGood(cert, ca.cert, [...names, "192.0.2.8"], now)).toBe(false);
  });

  it("is good until 30 days before its end", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeServerCertificate(ca, server);
    expect(serverCertificateIsGood(cert, ca.cert, names, now + 335 * day)).toBe(true);
    expect(serverCertificateIsGood(cert, ca.cert, names, now + 335 * day + 1)).toBe(false);
  });

  it("is not good before it is in force", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const { cert } = await makeServerCertificate(ca, { ...server, now: now + 2 * day });
    expect(serverCertificateIsGood(cert, ca.cert, names, now)).toBe(false);
  });

  it("is not good with a name that nobody knows the machine by, other than docker-machine's localhost", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const issue = async (more: string) =>
      (await makeServerCertificate(ca, { ...server, names: [...names, more] })).cert;
    expect(serverCertificateIsGood(await issue("localhost"), ca.cert, names, now)).toBe(true);
    expect(serverCertificateIsGood(await issue("8.8.8.8"), ca.cert, names, now)).toBe(false);
  });

  it("is not good with another authority, though it has the same name", async () => {
    const { cert } = await makeServerCertificate(await makeAuthority({ user: "ann", now }), server);
    const other = await makeAuthority({ user: "ann", now });
    expect(serverCertificateIsGood(cert, other.cert, names, now)).toBe(false);
  });

  it("is not good when it is none", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    expect(serverCertificateIsGood("", ca.cert, names, now)).toBe(false);
  });
});
