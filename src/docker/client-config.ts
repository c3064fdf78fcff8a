import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MachineError, messageOf, isSystemError, isObject, type JsonObject } from "../driver/index.js";
import { parseJson } from "../store/json.js";
import { dockerFolder } from "../store/paths.js";

/** The context that is there always, without files: DOCKER_HOST, else the local socket. */
export const defaultContext = "default";

/** Where the docker client keeps its configuration and its contexts. */
export interface ClientPaths {
  readonly config: string;
  readonly contexts: string;
  /** One directory for each context. */
  readonly metas: string;
}

export function clientPaths(folder: string): ClientPaths {
  const contexts = join(folder, "contexts");
  return { config: join(folder, "config.json"), contexts, metas: join(contexts, "meta") };
}

/** Where the docker client keeps one context. */
export interface ContextPaths {
  readonly metaDir: string;
  /** With this file the context is there. */
  readonly meta: string;
  readonly tlsDir: string;
  /** Holds ca.pem, cert.pem and key.pem of the endpoint; of any other file in it the client warns. */
  readonly endpoint: string;
}

/** @see https://github.com/docker/cli/tree/master/cli/context/store */
export function contextPaths(folder: string, name: string): ContextPaths {
  const { contexts, metas } = clientPaths(folder);
  const id = createHash("sha256").update(name).digest("hex");
  const [metaDir, tlsDir] = [join(metas, id), join(contexts, "tls", id)];
  return { metaDir, meta: join(metaDir, "meta.json"), tlsDir, endpoint: join(tlsDir, "docker") };
}

/** An object of a file of the docker client; undefined where there is none. @throws MachineError `failed` for a broken one */
export function readClientFile(path: string): JsonObject | undefined {
  try {
    const text = readFileSync(path, "utf8");
    const json = text.trim() === "" ? {} : parseJson(text);
    if (isObject(json)) return json;
    throw new Error("must be an object");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw new MachineError("failed", `${path} cannot be read: ${messageOf(error)}`, {
      hint: "mend or remove that file, which belongs to the docker client",
      cause: error,
    });
  }
}

/** The `currentContext` of config.json. */
export function savedContext(folder: string): string {
  const { currentContext } = readClientFile(clientPaths(folder).config) ?? {};
  return typeof currentContext === "string" && currentContext !== "" ? currentContext : defaultContext;
}

/** The engine that a context leads to. */
function hostOf(meta: JsonObject | undefined): string | undefined {
  const endpoints = meta?.["Endpoints"];
  const endpoint = isObject(endpoints) ? endpoints["docker"] : undefined;
  return isObject(endpoint) && typeof endpoint["Host"] === "string" ? endpoint["Host"] : undefined;
}

/**
 * URL of the engine that a docker client in this environment uses: DOCKER_HOST, else that of its context, which
 * DOCKER_CONTEXT names before config.json. Undefined for its default, and where its files are broken.
 */
export function engineInUse(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["DOCKER_HOST"]) return env["DOCKER_HOST"];
  const folder = dockerFolder(env);
  try {
    const name = env["DOCKER_CONTEXT"] || savedContext(folder);
    return name === defaultContext ? undefined : hostOf(readClientFile(contextPaths(folder, name).meta));
  } catch {
    return undefined;
  }
}
