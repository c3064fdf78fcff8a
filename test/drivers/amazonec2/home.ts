import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { newHome, type Home } from "../../commands/support.js";
import type { Ran } from "../../support/cli.js";
import { type Ec2Stand, testAccount } from "../../stand-ins/ec2/stand.js";

/** A home from which commands reach a stand-in of EC2, by the variables that AWS's own tools read. */
export interface Ec2Home extends Home {
  readonly run: (...argv: readonly string[]) => Promise<Ran>;
}

/** It goes with the test. */
export async function ec2Home({ url }: Pick<Ec2Stand, "url">): Promise<Ec2Home> {
  const home = await newHome();
  const env = {
    AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT: url,
    PATH: `${join(home.home, "bin")}:${process.env["PATH"] ?? ""}`,
  };
  return { ...home, run: (...argv) => home.machine(argv, { env }) };
}

/** What `machine create --dry-run` prints. */
export interface Printed {
  readonly Driver: Ec2State;
  readonly Steps: readonly string[];
  readonly Calls: readonly { readonly Action: string; readonly Parameters: Readonly<Record<string, unknown>> }[];
}

/** Runs it for a machine `web`. @throws where it fails */
export async function dryRun({ run }: Ec2Home, ...options: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await run("create", "-d", "amazonec2", ...options, "--dry-run", "web");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Printed;
}

/** The programs that SSM needs; they do nothing. */
export async function installSsm({ home }: Ec2Home): Promise<void> {
  await mkdir(join(home, "bin"), { recursive: true });
  for (const program of ["aws", "session-manager-plugin"]) {
    const path = join(home, "bin", program);
    await writeFile(path, "#!/bin/sh\n");
    await chmod(path, 0o755);
  }
}
