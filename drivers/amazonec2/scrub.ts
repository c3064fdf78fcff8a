import { MachineError, type Io, type Machine, isExpected } from "../../src/driver/index.js";
import type { Ec2 } from "./api/calls.js";
import { credentialsOf } from "./api/credentials.js";
import { instanceOf } from "./instance/find-instance.js";
import type { Ec2State } from "./state.js";

/**
 * Takes docker-machine's keys out of the state, once other credentials, which the environment, a profile or a role has,
 * have shown the instance. Undefined: there are none in it.
 * @param open opens EC2 as a machine's state says
 * @throws MachineError `failed` where no others are found, or these are of another account
 */
export async function scrub(
  { name, state }: Machine<Ec2State>,
  { env }: Io,
  open: (state: Ec2State) => Promise<Ec2>,
): Promise<Partial<Ec2State> | undefined> {
  if (state.AccessKey === "" && state.SecretKey === "" && state.SessionToken === "") return undefined;
  const { Profile } = credentialsOf({}, env);
  const changes = { AccessKey: "", SecretKey: "", SessionToken: "", Profile };
  const found = await ask({ ...state, ...changes });
  if (found !== undefined) return { ...changes, ...(found.Account === undefined ? {} : { Account: found.Account }) };
  throw kept(`the other credentials do not show its instance ${state.InstanceId}`, {
    hint: `use credentials of its account, e.g. AWS_PROFILE=NAME; if the instance is gone: machine rm ${name}`,
  });

  async function ask(without: Ec2State) {
    try {
      return await instanceOf(await open(without), without);
    } catch (error) {
      if (!isExpected(error)) throw error;
      throw kept(error.message, { hint: error.hint, cause: error });
    }
  }

  function kept(why: string, options: ConstructorParameters<typeof MachineError>[2]): MachineError {
    return new MachineError(
      "failed",
      `${name} keeps the keys in its config.json, as nothing else works: ${why}`,
      options,
    );
  }
}
