import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { failure } from "./failure.js";

/** Who may call. */
export interface Account {
  /** Twelve digits. */
  readonly id: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** When set, the key is temporary, and every request must carry this token. */
  readonly sessionToken?: string;
}

/**
 * The account and the region that a request is signed for.
 * @throws Failure MissingAuthenticationToken, IncompleteSignature, AuthFailure, RequestExpired, SignatureDoesNotMatch
 */
export function authenticate(
  request: IncomingMessage,
  body: string,
  accounts: readonly Account[],
): { readonly account: Account; readonly region: string } {
  const { scope, accessKeyId, date, region, service, signedHeaders, signature } = readAuthorization(request);
  const account = accounts.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (account === undefined) throw failure("AuthFailure");
  if (account.sessionToken !== header(request, "x-amz-security-token")) throw failure("AuthFailure");
  if (service !== "ec2") throw mismatch("Credential should be scoped to correct service: 'ec2'.");
  const time = header(request, "x-amz-date") ?? "";
  if (!time.startsWith(date) || !isNow(time)) throw failure("RequestExpired", "Request has expired.");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical(request, body, signedHeaders))].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${account.secretAccessKey}`);
  const expected = hmac(key, text);
  const given = Buffer.from(signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw mismatch(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access " +
        "Key and signing method. Consult the service documentation for details.",
    );
  }
  return { account, region };
}

function readAuthorization(request: IncomingMessage) {
  const text = request.headers.authorization;
  if (text === undefined) {
    throw failure("MissingAuthenticationToken", "Request is missing Authentication Token");
  }
  const form =
    /^AWS4-HMAC-SHA256 Credential=(([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/;
  const [, credential = "", accessKeyId, date = "", region = "", service = "", signed = "", signature = ""] =
    form.exec(text) ?? [];
  const signedHeaders = signed.split(";");
  if (accessKeyId === undefined || !signedHeaders.includes("host")) {
    throw failure("IncompleteSignature", "The request signature does not conform to AWS standards.");
  }
  const scope = credential.slice(accessKeyId.length + 1);
  return { scope, accessKeyId, date, region, service, signedHeaders, signature };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function canonical(request: IncomingMessage, body: string, signedHeaders: readonly string[]): string {
  const [path = "/", query = ""] = (request.url ?? "/").split("?");
  const headers = signedHeaders.map((name) => `${name}:${(header(request, name) ?? "").trim().replace(/ +/g, " ")}\n`);
  const sorted = query === "" ? "" : query.split("&").sort().join("&");
  return [request.method, path, sorted, headers.join(""), signedHeaders.join(";"), sha256(body)].join("\n");
}

/** Within five minutes. */
function isNow(time: string): boolean {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const moment = Date.UTC(
    ...([Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const),
  );
  return Math.abs(moment - Date.now()) < 5 * 60_000;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function mismatch(message: string) {
  return failure("SignatureDoesNotMatch", message);
}
