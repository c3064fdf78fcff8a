import { fingerprintOf, isMachineError, messageOf, type Io } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { codeOf } from "../api/failure.js";

/** Milliseconds that the console may take to show the host key, and that it may say nothing new meanwhile. */
const patience = { whole: 180_000, silent: 40_000 };

/**
 * The fingerprint of the host key that cloud-init has printed on the console, or why there is none. It is waited for
 * until cloud-init has ended, as long as the console goes on, at most three minutes.
 * @throws MachineError `interrupted`
 */
export async function hostKeyFromConsole(
  ec2: Ec2,
  InstanceId: string,
  io: Io,
): Promise<{ readonly fingerprint: string } | { readonly reason: string }> {
  const end = io.now() + patience.whole;
  let heard = { text: "", at: io.now() };
  let isLatest = true;
  for (;;) {
    try {
      const { Output = "" } = await ec2.call("GetConsoleOutput", { InstanceId, ...(isLatest ? { Latest: true } : {}) });
      const text = Buffer.from(Output, "base64").toString("latin1");
      const fingerprint = hostKeyIn(text);
      if (fingerprint !== undefined) return { fingerprint };
      if (/cloud-init.* finished at /i.test(text)) return { reason: "its console does not show it" };
      if (text !== heard.text) heard = { text, at: io.now() };
    } catch (error) {
      if (!isMachineError(error) || io.signal.aborted || error.code === "interrupted") throw error;
      // Instances before Nitro keep what was there some minutes ago only.
      if (isLatest && /^(UnsupportedOperation|InvalidParameter)/.test(codeOf(error) ?? "")) isLatest = false;
      else return { reason: messageOf(error) };
      continue;
    }
    if (io.now() + 5_000 > Math.min(end, heard.at + patience.silent)) {
      return { reason: "its console does not show it yet" };
    }
    await io.sleep(5_000);
  }
}

/**
 * The fingerprint (`SHA256:...`) of the best host key in what cloud-init prints, of the last boot that did: from its
 * keys or, where these are missing, from its fingerprints.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html#keys-to-console
 */
function hostKeyIn(text: string): string | undefined {
  const keys = lastBlock(text, "SSH HOST KEY KEYS");
  const prints = lastBlock(text, "SSH HOST KEY FINGERPRINTS");
  for (const [type, word] of preferred) {
    const base64 = new RegExp(`(?:^|\\s)${type} (AAAA[A-Za-z0-9+/]+={0,2})(?:\\s|$)`, "m").exec(keys)?.[1];
    if (base64 !== undefined && isKey(base64, type)) return fingerprintOf(base64);
    const print = new RegExp(`(SHA256:[A-Za-z0-9+/]{43})\\s.*\\(${word}\\)`).exec(prints)?.[1];
    if (print !== undefined) return print;
  }
  return undefined;
}

/** Types of keys in the order in which ssh clients ask for them, and ssh-keygen's words for them. */
const preferred = [
  ["ssh-ed25519", "ED25519"],
  ["ecdsa-sha2-nistp256", "ECDSA"],
  ["ssh-rsa", "RSA"],
] as const;

function lastBlock(text: string, title: string): string {
  const start = text.lastIndexOf(`-----BEGIN ${title}-----`);
  const end = text.indexOf(`-----END ${title}-----`, start);
  return start === -1 || end === -1 ? "" : text.slice(start, end);
}

/** A key's bytes begin with the length and the name of its type (RFC 4253, 6.6): one cut short by the console has not all. */
function isKey(base64: string, type: string): boolean {
  const bytes = Buffer.from(base64, "base64");
  const isWhole = type !== "ssh-ed25519" || bytes.length === 51;
  return isWhole && bytes.subarray(4, 4 + type.length).toString("latin1") === type;
}
