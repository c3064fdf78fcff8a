import type { EC2ClientConfig } from "@aws-sdk/client-ec2";
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { MachineError, messageOf, proxyAgentFor, type Io } from "../../../src/driver/index.js";

/**
 * How the SDK connects: by the proxy of the environment, and with the authorities of AWS_CA_BUNDLE as the AWS tools do.
 * @param url which is asked
 * @throws MachineError `precheck` where AWS_CA_BUNDLE cannot be read
 */
export async function connectionTo(url: URL, env: Io["env"]): Promise<NonNullable<EC2ClientConfig["requestHandler"]>> {
  const options = { keepAlive: true, ...(await authorities(env)) };
  const agent = await proxyAgentFor(url, env, options);
  return {
    // Milliseconds. Without an end, an answer that got lost is waited for until the connection is given up.
    ...{ connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
    ...(agent === undefined ? {} : { httpAgent: agent }),
    httpsAgent: agent ?? new Agent(options),
  };
}

/** Those of AWS_CA_BUNDLE, in place of all others. */
export async function authorities({ AWS_CA_BUNDLE: file }: Io["env"]): Promise<{ readonly ca?: Buffer }> {
  if (!file) return {};
  return {
    ca: await readFile(file).catch((cause: unknown) => {
      throw new MachineError("precheck", `AWS_CA_BUNDLE cannot be read: ${messageOf(cause)}`, { cause });
    }),
  };
}
