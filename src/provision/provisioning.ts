import type { Io, Shell, Transport } from "../driver/index.js";
import type { AskPassword } from "../shell/script.js";
import type { EngineSettings } from "./engine-settings.js";
import type { ProvisionedHost } from "./host.js";

/** What is asked of the engine, as config.json and the command line give it. */
export interface EngineRequest extends EngineSettings {
  /** Address of the install script, used where the host has no engine. */
  readonly installUrl: string;
  /** By the install script, or from the distribution's packages. */
  readonly source: "script" | "distro";
  /** Exact version, kept by the package manager; undefined: the newest. */
  readonly version?: string | undefined;
  /** `K=V` each, for the engine's process; proxies among them are also used to install it. */
  readonly env: readonly string[];
}

export interface Provisioning {
  /** Becomes the host name. */
  readonly machine: string;
  /** Name of the driver, for the engine's label `provider`. */
  readonly provider: string;
  /** The engine's TCP port, which stays closed where the transport is `ssh`. */
  readonly port: number;
  /** Default: tls. */
  readonly transport?: Transport;
  /** Who logs in over ssh. Default: root. */
  readonly user?: string | undefined;
  /** Connects, and tries again while the host comes up. Asked once. */
  readonly shell: (io: Io) => Promise<Shell>;
  /** Asked only when sudo wants a password. */
  readonly sudoPassword: AskPassword;
  readonly engine: EngineRequest;
  /** Seconds after which the host powers itself off. Default: it stays. */
  readonly ttl?: number | undefined;
  /** PEM texts for the engine; the same ones again while they are good. */
  readonly certificates: () => Promise<{ ca: string; cert: string; key: string }>;
  /**
   * Proves from the client, for TLS: it works, TLS without a certificate is refused, plain HTTP is refused; for ssh: the
   * engine answers.
   */
  readonly prove: () => Promise<void>;
}

/** What the steps of one run share. */
export interface ProvisionRun {
  readonly p: Provisioning;
  readonly host: ProvisionedHost;
  /** The engine runs with other files than those on disk. */
  outdated: boolean;
}
