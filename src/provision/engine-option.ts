import { MachineError } from "../driver/index.js";
import type { DaemonJsonObject } from "./json.js";

/**
 * A flag of dockerd as daemon.json says it: `log-opt=max-size=10m` is `{"log-opts": {"max-size": "10m"}}`.
 * @param option `K=V`, or `K` alone for a switch
 * @throws MachineError `usage` for a flag that cannot stand in daemon.json, or a value that has not its form
 * @see https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
 */
export function engineOption(option: string): DaemonJsonObject {
  const [flag, value] = splitAtEquals(option.replace(/^--?/, ""));
  if (/^(H|host|hosts|tls|tlsverify|tlscacert|tlscert|tlskey|config-file|validate|help|version)?$/.test(flag)) {
    const why = "the engine's address and TLS are the machine's own";
    throw new MachineError("usage", `--engine-opt ${flag} cannot be set: ${why}`);
  }
  if (value === undefined) return { [flag]: true };
  const special = specialFlags[flag];
  if (special !== undefined) return special(value, flag);
  const list = listFlags[flag];
  if (list !== undefined) return { [list]: [value] };
  return { [flag]: textFlags.includes(flag) ? value : inferred(value) };
}

/** Flags that may be repeated, with the plural that is their key. */
const listFlags: Readonly<Record<string, string>> = {
  "allow-nondistributable-artifacts": "allow-nondistributable-artifacts",
  "authorization-plugin": "authorization-plugins",
  "cdi-spec-dir": "cdi-spec-dirs",
  dns: "dns",
  "dns-opt": "dns-opts",
  "dns-search": "dns-search",
  "exec-opt": "exec-opts",
  "insecure-registry": "insecure-registries",
  label: "labels",
  "node-generic-resource": "node-generic-resources",
  "registry-mirror": "registry-mirrors",
  "storage-opt": "storage-opts",
};

/** Texts that may look like a number or a switch. */
const textFlags: readonly string[] = [
  "bridge",
  "cgroup-parent",
  "containerd-namespace",
  "default-shm-size",
  "group",
  "min-api-version",
  "userns-remap",
];

const specialFlags: Readonly<Record<string, (value: string, flag: string) => DaemonJsonObject>> = {
  "add-runtime": (value, flag) => {
    const [name, path] = pair(value, flag);
    return { runtimes: { [name]: { path } } };
  },
  "cluster-store-opt": (value, flag) => ({ "cluster-store-opts": Object.fromEntries([pair(value, flag)]) }),
  "default-address-pool": addressPool,
  "default-network-opt": (value, flag) => {
    const [driver, option] = pair(value, flag);
    return { "default-network-opts": { [driver]: Object.fromEntries([pair(option, flag)]) } };
  },
  "default-ulimit": ulimit,
  feature: (value) => {
    const [name, on = "true"] = splitAtEquals(value);
    return { features: { [name]: on === "true" } };
  },
  graph: (value) => ({ "data-root": value }),
  "http-proxy": proxy,
  "https-proxy": proxy,
  "log-opt": (value, flag) => ({ "log-opts": Object.fromEntries([pair(value, flag)]) }),
  "no-proxy": proxy,
};

function proxy(value: string, flag: string): DaemonJsonObject {
  return { proxies: { [flag]: value } };
}

/** `base=10.0.0.0/8,size=24` */
function addressPool(value: string, flag: string): DaemonJsonObject {
  const { base, size } = Object.fromEntries(value.split(",").map((part) => pair(part, flag)));
  if (base === undefined || !/^\d+$/.test(size ?? "")) throw wrongForm(flag, "base=NETWORK,size=BITS");
  return { "default-address-pools": [{ base, size: Number(size) }] };
}

/** `nofile=1024:2048`; the hard limit is the soft one where there is none. */
function ulimit(value: string, flag: string): DaemonJsonObject {
  const form = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(value);
  if (form === null) throw wrongForm(flag, "NAME=SOFT[:HARD]");
  const [, name = "", soft, hard = soft] = form;
  return { "default-ulimits": { [name]: { Name: name, Soft: Number(soft), Hard: Number(hard) } } };
}

/** dockerd wants numbers and switches as JSON has them; all its numbers are whole. */
function inferred(value: string): string | number | boolean {
  if (value === "true" || value === "false") return value === "true";
  return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

function pair(value: string, flag: string): [string, string] {
  const [key, rest] = splitAtEquals(value);
  if (rest === undefined || key === "") throw wrongForm(flag, "KEY=VALUE");
  return [key, rest];
}

function wrongForm(flag: string, form: string): MachineError {
  return new MachineError("usage", `--engine-opt ${flag} takes ${form}`);
}

function splitAtEquals(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
