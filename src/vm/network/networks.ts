import { networkInterfaces } from "node:os";
import type { Io } from "../../driver/index.js";
import { networkOf, type Network } from "./address.js";
import { linuxRoutes, netstatRoutes } from "./routes.js";

/** The IPv4 networks that this computer's interfaces are in; `host` is its own address. */
export function ownNetworks(): readonly Network[] {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.flatMap(({ family, cidr, internal }) => {
    const network = family === "IPv4" && !internal && cidr !== null ? networkOf(cidr) : undefined;
    return network === undefined ? [] : [network];
  });
}

/** Those that its routes lead to, but for the ways out. Nothing is known where neither file nor program tells. */
export async function routedNetworks(platform: NodeJS.Platform, io: Pick<Io, "run">): Promise<readonly Network[]> {
  if (platform === "linux") {
    const { readFile } = await import("node:fs/promises");
    return linuxRoutes(await readFile("/proc/net/route", "utf8").catch(() => ""));
  }
  const { stdout } = await io.run("netstat", ["-rn"]).catch(() => ({ stdout: "" }));
  return netstatRoutes(stdout);
}
