import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, multipart, readUserData, templatesFolder } from "../../../src/driver/index.js";
import type { Ec2State } from "../state.js";

/** Bytes before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
const limit = 16_384;

/**
 * The launch's user data in base64: what the machine needs, and what the user's file says; undefined where that is nothing.
 * The same for the same state and file. No secret is in it: whoever is on the instance can read it.
 * @throws MachineError `precheck` for a file that cannot be read, or where both together are too long
 */
export async function userData(state: Readonly<Ec2State>): Promise<string | undefined> {
  const ours = await ourScript(state);
  const users = state.UserDataFile === "" ? undefined : await userFile(state.UserDataFile);
  const both = ours === undefined ? users : users === undefined ? ours : multipart([ours, users]);
  if (both === undefined || both.length === 0) return undefined;
  if (both.length > limit) {
    const size = `${String(both.length)} of ${String(limit)} bytes`;
    throw new MachineError("precheck", `${state.MachineName}: the user data is too long: ${size}`, {
      hint: "shorten the file of --amazonec2-userdata, or compress it with gzip",
    });
  }
  return both.toString("base64");
}

/** A machine that is reached through SSM needs its agent, which not every image has. */
async function ourScript({ Connect }: Ec2State): Promise<Buffer | undefined> {
  if (Connect !== "ssm") return undefined;
  return readFile(join(await templatesFolder(import.meta.dirname), "amazonec2", "ssm-agent.sh"));
}

function userFile(path: string): Promise<Buffer> {
  return readUserData(path, "--amazonec2-userdata", "precheck");
}
