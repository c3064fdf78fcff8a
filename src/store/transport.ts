import { readFileSync } from "node:fs";
import { isTransport, MachineError, transports, type Transport, isSystemError } from "../driver/index.js";

/** Reads a machine's file `docker-transport`, which is there for other transports than TLS. @throws MachineError `failed` */
export function readTransport(path: string): Transport {
  try {
    const word = readFileSync(path, "utf8").trim();
    if (isTransport(word)) return word;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return "tls";
    throw error;
  }
  throw new MachineError("failed", `${path} must say one of ${transports.join(", ")}`);
}
