import type { PeerCertificate } from "node:tls";
import { MachineError, isMachineError, messageOf, type ErrorCode } from "../driver/index.js";

/**
 * Says what an error on the way to an engine means: `unreachable` where no engine was spoken to, `untrusted` where
 * one side refused the other. What is a MachineError already stays as it is.
 * @param address as the user knows it, e.g. `192.0.2.7:2376`
 */
export function connectionFailure(error: unknown, address: string): MachineError {
  if (isMachineError(error)) return error;
  const meaning = meanings.find(({ codes }) => codes.test(codeOf(error)));
  if (meaning === undefined)
    return new MachineError("unreachable", `${address}: ${messageOf(error)}`, { cause: error });
  const { code, says, hint } = meaning;
  return new MachineError(code, says(address, error), { hint, cause: error });
}

/** The other side took the connection and then would not go on: a TLS alert (which is no HTTP), or it closed. */
export function isRefusal(error: unknown): boolean {
  return /_ALERT_|^(ECONNRESET|EPIPE|ERR_NOT_HTTP)$/.test(codeOf(error));
}

/** An error that {@link connectionFailure} knows by its code, e.g. `ECONNRESET`. */
export function withCode(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

interface Meaning {
  /** Of ours in engine.ts, Node's system errors, OpenSSL's errors (ERR_SSL_, ERR_OSSL_) or its results of verifying a certificate. */
  readonly codes: RegExp;
  readonly code: ErrorCode;
  readonly says: (address: string, error: unknown) => string;
  readonly hint: string;
}

const newCertificates = "give the machine new certificates: machine regenerate-certs NAME";

const meanings: readonly Meaning[] = [
  {
    codes: /^ECONNREFUSED$/,
    code: "unreachable",
    says: (address) => `${address}: connection refused`,
    hint: "the machine is there but no engine listens: see machine status NAME, then machine provision NAME",
  },
  {
    codes: /^ETIMEDOUT$/,
    code: "unreachable",
    says: (address, error) => `${address}: ${messageOf(error)}`,
    hint: "the machine may be stopped, have another address by now, or a firewall stands between",
  },
  {
    codes: /^(EHOSTUNREACH|EHOSTDOWN|ENETUNREACH)$/,
    code: "unreachable",
    says: (address) => `${address}: no route to host`,
    hint: "the machine may be stopped; on macOS, allow this terminal in Privacy & Security > Local Network",
  },
  {
    codes: /^(ENOTFOUND|EAI_AGAIN)$/,
    code: "unreachable",
    says: (address) => `${address}: the name has no address`,
    hint: "check the name and the DNS of this computer",
  },
  {
    codes: /^(ENOENT|EACCES|EPERM)$/,
    code: "unreachable",
    says: (address, error) => `${address}: ${messageOf(error)}`,
    hint: "check that the engine runs and that you may open its socket",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    code: "untrusted",
    says: (address, error) => `the certificate of ${address} is not for this address, only for ${namesIn(error)}`,
    hint: `the address has changed: ${newCertificates}`,
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    code: "untrusted",
    says: (address) => `the certificate of ${address} has expired, or the authority that signed it has`,
    hint: newCertificates,
  },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    code: "untrusted",
    says: (address) => `the certificate of ${address} is not valid yet`,
    hint: "check the clock of this computer and of the one that made the certificate",
  },
  {
    codes: /^(UNABLE_TO_\w+|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_SIGNATURE_FAILURE)$/,
    code: "untrusted",
    says: (address) => `the certificate of ${address} is signed by an unknown authority`,
    hint: `it is another engine, or one with certificates of another store; if it is yours, ${newCertificates}`,
  },
  {
    codes: /^(INVALID_|CERT_|PATH_LENGTH_EXCEEDED)/,
    code: "untrusted",
    says: (address, error) => `the certificate of ${address} is not accepted: ${messageOf(error)}`,
    hint: newCertificates,
  },
  {
    codes: /_ALERT_/,
    code: "untrusted",
    says: (address, error) => `${address} refuses the client certificate (${alertIn(error)})`,
    hint: newCertificates,
  },
  {
    codes: /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNSUPPORTED_PROTOCOL))$/,
    code: "untrusted",
    says: (address) => `${address} does not speak TLS`,
    hint: "something else listens there, or the engine was started without TLS: machine provision NAME",
  },
  {
    codes: /^ERR_OSSL_/,
    code: "failed",
    says: (address, error) => `the client certificate for ${address} cannot be used: ${messageOf(error)}`,
    hint: "make a new one: machine regenerate-certs --client-certs NAME",
  },
  {
    codes: /^(ECONNRESET|EPIPE)$/,
    code: "unreachable",
    says: (address) => `${address} closed the connection`,
    hint: `no engine listens there, or it refuses the client certificate; then ${newCertificates}`,
  },
  {
    codes: /^ERR_NOT_HTTP$/,
    code: "unreachable",
    says: (address) => `${address} does not answer in HTTP`,
    hint: "something else listens there, or the engine wants TLS",
  },
];

/** Node keeps the certificate in the error. */
function namesIn(error: unknown): string {
  const { cert } = error as { cert?: PeerCertificate };
  return cert?.subjectaltname?.replaceAll(/(DNS|IP Address):/g, "") ?? "no name at all";
}

/** `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA` is "unknown ca". */
function alertIn(error: unknown): string {
  return codeOf(error)
    .replace(/^.*_ALERT_/, "")
    .replaceAll("_", " ")
    .toLowerCase();
}
