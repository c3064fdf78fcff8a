/** What is told of an instance to whoever starts what stands for it. */
export interface Launch {
  /** `i-...` */
  readonly id: string;
  /** Account that the image gives the key to, such as "admin" or "ubuntu". */
  readonly user: string;
  /** Decoded; empty when none was given. */
  readonly userData: string;
  /** One line of authorized_keys; undefined when the launch names no key pair. */
  readonly publicKey: string | undefined;
  /** To be called when the instance turned itself off. */
  readonly poweredOff: () => void;
}

/** Starts and stops what stands for instances. A rejection ends the instance, as a failed status check of EC2 does. */
export interface Launcher {
  /** Resolves when it is booted: its public and private IPv4 address and what it wrote to the console so far. */
  launch(
    instance: Launch,
  ): Promise<{ readonly address: string; readonly privateAddress: string; readonly console: string }>;
  /** After a stop; the public address is a new one, the private one stays. */
  start(id: string): Promise<{ readonly address: string }>;
  stop(id: string): Promise<void>;
  reboot(id: string): Promise<void>;
  /** Also when it never came up. */
  terminate(id: string): Promise<void>;
}

/** Starts nothing: addresses of documentation (RFC 5737), a new one at each start. */
export function fakeLauncher(): Launcher & { readonly launched: readonly Launch[] } {
  const launched: Launch[] = [];
  let addresses = 0;
  const next = (): string => `203.0.113.${String((addresses++ % 254) + 1)}`;
  return {
    launched,
    launch: (instance) => {
      launched.push(instance);
      return Promise.resolve({
        address: next(),
        privateAddress: `172.31.${String(launched.length >> 8)}.${String(launched.length & 255)}`,
        console: consoleOf(
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBt3MBvZuX4W/CsRRwV82GchMxZabaaQ4f9LYI2j2Wsa root@host",
        ),
      });
    },
    start: () => Promise.resolve({ address: next() }),
    stop: () => Promise.resolve(),
    reboot: () => Promise.resolve(),
    terminate: () => Promise.resolve(),
  };
}

/** What cloud-init prints on the console of an instance with these host keys (lines of ssh_host_*_key.pub). */
export function consoleOf(hostKeys: string): string {
  return [
    "[    0.000000] Linux version 6.12.0",
    "-----BEGIN SSH HOST KEY KEYS-----",
    hostKeys.trim(),
    "-----END SSH HOST KEY KEYS-----",
    "Cloud-init v. 25.1.4 finished at Mon, 01 Jun 2026 00:00:00 +0000. Datasource DataSourceEc2Local.  Up 9.87 seconds",
    "",
  ].join("\r\n");
}
