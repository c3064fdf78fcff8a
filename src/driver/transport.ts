export const transports = ["tls", "ssh", "both"] as const;

/** How docker clients reach an engine: at its TCP port by TLS, over ssh, or either. By ssh alone it opens no port. */
export type Transport = (typeof transports)[number];

export function isTransport(word: string): word is Transport {
  return transports.some((one) => one === word);
}
