import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Stands for get.docker.com, which tests do not reach. */
export interface InstallServer {
  /**
   * "http://ADDRESS:PORT". Below it: /install.sh installs the newest docker.io that Debian has, /distro.sh that of the
   * host's own release; what goes wrong in the world is /404 (no such file), /empty (a file without a line), /exit1 (a script that fails, with a sentence on stderr) and
   * /hang (a server that never answers).
   */
  readonly url: string;
  /** The paths asked for so far, in order. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/** Serves on an address that hosts reach (see Engine.gateway), on a free port. */
export async function serveInstallScripts(address: string): Promise<InstallServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    if (path === "/hang") return;
    const script = scripts[path];
    response.writeHead(script === undefined ? 404 : 200, { "content-type": "text/x-shellscript" });
    response.end(script);
  });
  server.listen(0, address);
  await once(server, "listening");
  return {
    url: `http://${address}:${String((server.address() as AddressInfo).port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const installEngine = readFileSync(join(import.meta.dirname, "install-engine.sh"), "utf8");

const scripts: Readonly<Record<string, string>> = {
  "/install.sh": installEngine.replace("${RELEASE:-}", "sid"),
  "/distro.sh": installEngine,
  "/empty": "",
  "/exit1": "#!/bin/sh\necho 'this distribution is not supported' >&2\nexit 1\n",
};
