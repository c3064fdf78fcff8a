import { MachineError } from "../driver/index.js";
import type { Distro } from "./distros.js";

const defaultInstallUrl = "https://get.docker.com";

/**
 * Parameters of install-engine.sh: by the install script, or by packages where that is asked for, or where the
 * default script does not know the distribution.
 * @throws MachineError `usage` for an address that is none, `failed` where no engine can be installed
 */
export function installation(
  distro: Distro,
  {
    installUrl,
    source,
    version = "",
  }: { installUrl: string; source: "script" | "distro"; version?: string | undefined },
  notice: (line: string) => void,
): Record<"URL" | "PACKAGES" | "REPOSITORY" | "VERSION", string> {
  if (distro.packages === "none") {
    throw new MachineError("failed", `${distro.name} has its engine in its image, but this host has none`);
  }
  const url = checkedUrl(installUrl || defaultInstallUrl);
  const unknownToScript = url === checkedUrl(defaultInstallUrl) && !distro.getDocker;
  if (source === "script" && unknownToScript) {
    notice(`${defaultInstallUrl} does not know ${distro.name}: the engine comes from packages`);
  }
  return {
    URL: source === "script" && !unknownToScript ? url : "",
    PACKAGES: distro.engine.join(" "),
    REPOSITORY: distro.repository ?? "",
    VERSION: version.replace(/^v/, ""),
  };
}

/** In the form that has no quote, blank or backslash. */
function checkedUrl(text: string): string {
  if (!URL.canParse(text)) {
    throw new MachineError("usage", `--engine-install-url "${text}" is no URL`);
  }
  return new URL(text).href;
}

/** The proxy settings among the lines `K=V`, in both spellings that programs know. */
export function proxies(env: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of env) {
    const [, name, value = ""] = /^((?:https?|ftp|all|no)_proxy)=(.*)$/is.exec(line) ?? [];
    if (name === undefined) continue;
    found[name.toLowerCase()] = value;
    found[name.toUpperCase()] = value;
  }
  return found;
}

/** Whether an engine's version is the one asked for, but for what a packager added: `20.10.24+dfsg1` is 20.10.24. */
export function isVersion(found: string, wanted: string): boolean {
  const plain = wanted.replace(/^v/, "");
  return found.startsWith(plain) && !/^[0-9]/.test(found.slice(plain.length));
}
