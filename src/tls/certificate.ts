import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import type * as X509 from "@peculiar/x509";
import { MachineError } from "../driver/index.js";
import { certificateNames } from "./names.js";

/** A certificate and its private key, both PEM. Keys that are made here are ECDSA P-256 in PKCS#8. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

const hour = 3_600_000;
const day = 24 * hour;
const authorityDays = 3_652;
const leafDays = 365;

/** A certificate is valid this long before it was made: the clock of a virtual machine that slept is behind. */
const clockSlack = hour;

/**
 * A new authority, valid for ten years.
 * @param user stands in the subject, as in docker-machine's certificates
 * @param now milliseconds since 1970, here and below
 */
export async function makeAuthority({ user, now }: { user: string; now: number }): Promise<Identity> {
  const x509 = await loadLibrary();
  const key = await newKey();
  return { cert: await signAuthority(x509, { subject: subjectOf(x509, user, "machine CA"), key, now }), key };
}

/**
 * The certificate of an authority with new dates. Name and key stay: what it has signed stays good, and engines that
 * know the old certificate trust what it signs from now on for as long as the old one is valid.
 */
export async function renewAuthority({ cert, key }: Identity, now: number): Promise<string> {
  const x509 = await loadLibrary();
  const old = new x509.X509Certificate(cert);
  return signAuthority(x509, { subject: old.subjectName, key, keyId: keyIdIn(x509, old), now });
}

/**
 * The certificate by which engines know a client of `user`, valid for a year.
 * @param key private key to certify, PEM; default: a new one
 */
export async function makeClientCertificate(
  ca: Identity,
  { user, now, key }: { user: string; now: number; key?: string | undefined },
): Promise<Identity> {
  const x509 = await loadLibrary();
  const subject = subjectOf(x509, `${user}.<bootstrap>`, user);
  return signLeaf(x509, ca, { subject, key: key ?? (await newKey()), now }, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ]);
}

/**
 * The certificate of a machine's engine, valid for a year. It is not good for a client: the key of one host opens
 * no other.
 * @param names DNS names and addresses
 * @throws MachineError `usage` for what can be no name
 */
export async function makeServerCertificate(
  ca: Identity,
  { user, machine, names, now }: { user: string; machine: string; names: readonly string[]; now: number },
): Promise<Identity> {
  const held = certificateNames(names).map(({ type, value }) => ({ type, value }));
  const x509 = await loadLibrary();
  const subject = subjectOf(x509, `${user}.${machine}`, machine);
  return signLeaf(x509, ca, { subject, key: await newKey(), now }, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(held),
  ]);
}

/** Who is certified: `key` is the private key, PEM. `keyId` in hex, where it is not the hash of the key. */
interface Holder {
  readonly subject: X509.Name;
  readonly key: string;
  readonly now: number;
  readonly keyId?: string | undefined;
}

/** The library needs `Reflect.getMetadata` as soon as it is evaluated. */
async function loadLibrary(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

async function newKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** RFC 5280, A.1: these fields end after 64 characters. */
function subjectOf({ Name }: typeof X509, organization: string, commonName: string): X509.Name {
  return new Name([{ O: [organization.slice(0, 64)] }, { CN: [commonName.slice(0, 64)] }]);
}

async function signAuthority(x509: typeof X509, holder: Holder): Promise<string> {
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  return sign(x509, holder, { subject: holder.subject, key: holder.key }, authorityDays, [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
  ]);
}

/** The issuer's name and key identifier are taken over byte by byte: that is how verifiers find the issuer. */
async function signLeaf(
  x509: typeof X509,
  ca: Identity,
  holder: Holder,
  extensions: readonly X509.Extension[],
): Promise<Identity> {
  const issuer = new x509.X509Certificate(ca.cert);
  const issuerKeyId = keyIdIn(x509, issuer);
  const cert = await sign(x509, holder, { subject: issuer.subjectName, key: ca.key }, leafDays, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    issuerKeyId === undefined
      ? await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
      : new x509.AuthorityKeyIdentifierExtension(issuerKeyId),
    ...extensions,
  ]);
  return { cert, key: holder.key };
}

function keyIdIn(x509: typeof X509, certificate: X509.X509Certificate): string | undefined {
  return certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
}

async function sign(
  x509: typeof X509,
  { subject, key, keyId, now }: Holder,
  issuer: Pick<Holder, "subject" | "key">,
  days: number,
  extensions: readonly X509.Extension[],
): Promise<string> {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.subject,
    notBefore: wholeSecond(now - clockSlack),
    notAfter: wholeSecond(now + days * day),
    publicKey,
    signingKey: await signingKey(issuer.key),
    extensions: [
      ...extensions,
      keyId === undefined
        ? await x509.SubjectKeyIdentifierExtension.create(publicKey)
        : new x509.SubjectKeyIdentifierExtension(keyId),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

/** 16 random bytes in hex, positive and without a zero in front (RFC 5280, 4.1.2.2; X.690, 8.3.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** X.509 knows no fraction of a second. */
function wholeSecond(time: number): Date {
  return new Date(Math.floor(time / 1_000) * 1_000);
}

/** Reads PKCS#1 (docker-machine's), SEC1 and PKCS#8 alike. */
async function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem);
  const algorithm = signatureAlgorithm(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
}

function signatureAlgorithm(type: string | undefined, curve: string | undefined) {
  if (type === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const namedCurve = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }[curve ?? ""];
  if (type === "ec" && namedCurve !== undefined) return { name: "ECDSA", namedCurve };
  throw new MachineError("unsupported", `a CA key of the kind ${curve ?? type ?? "unknown"} cannot be used`, {
    hint: "use an ECDSA key (P-256) or an RSA key",
  });
}
