import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import { userName, type Driver, type StepEvent } from "../../driver/index.js";
import { storeRoot } from "../../store/paths.js";
import { openStore, type Store } from "../../store/store.js";
import type { CertPaths } from "../../tls/authority.js";
import { findDriver } from "./registry.js";

/** One run of the program: what its commands share. */
export interface Session {
  readonly store: Store;
  /** The driver of that name. @throws MachineError `not-found` */
  readonly findDriver: (name: string) => Promise<Driver>;
  /** The CA and the client certificate that new machines get. */
  readonly certs: CertPaths;
  /** Who makes the certificates: the organization in their subjects. */
  readonly user: string;
  /** What the user typed, for those who find a lock taken. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly report: (event: StepEvent) => void;
  /** A line for a person: a warning or a notice. */
  readonly tell: (line: string) => void;
  /** A line of the debug log. Never a secret. */
  readonly debug: (line: string) => void;
  /** Asks for a secret; undefined where nobody can be asked. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Has something closed at the end, e.g. a connection. */
  readonly onClose: (close: () => Promise<void>) => void;
  readonly close: () => Promise<void>;
}

/** What the user may set of the files in `certs/`: docker-machine's `--tls-*`. */
export interface TlsPaths {
  readonly tlsCaCert: string | undefined;
  readonly tlsCaKey: string | undefined;
  readonly tlsClientCert: string | undefined;
  readonly tlsClientKey: string | undefined;
}

export function openSession({
  storagePath,
  tls,
  ...rest
}: Pick<Session, "env" | "signal" | "report" | "tell" | "debug" | "ask" | "command"> & {
  readonly storagePath: string | undefined;
  readonly tls: TlsPaths;
}): Session {
  const { command, signal } = rest;
  // As many listen as machines are worked on at once: Node warns of the eleventh.
  setMaxListeners(0, signal);
  const store = openStore(storeRoot(rest.env, storagePath), { command, signal });
  const closers: (() => Promise<void>)[] = [];
  const { certs } = store.paths;
  const chosen = (path: string | undefined, own: string): string => (path ? resolve(path) : own);
  return {
    ...rest,
    store,
    findDriver: (name) => findDriver(name, store.root),
    user: userName(rest.env),
    certs: {
      dir: certs.dir,
      ca: chosen(tls.tlsCaCert, certs.ca),
      caKey: chosen(tls.tlsCaKey, certs.caKey),
      cert: chosen(tls.tlsClientCert, certs.cert),
      key: chosen(tls.tlsClientKey, certs.key),
    },
    onClose: (close) => closers.push(close),
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}
