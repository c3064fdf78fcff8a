import type { Io, Machine, ProviderCall } from "../../src/driver/index.js";
import type { Calls, Ec2 } from "./api/calls.js";
import { deleteKeyPair, importKeyPair, keyName } from "./instance/key-pair.js";
import { launch } from "./instance/launch.js";
import { ensureGroup } from "./network/security-group.js";
import type { Ec2State } from "./state.js";
import { userData } from "./instance/user-data.js";

const random = "(random)";

/**
 * What the steps of `create` would call. They are gone through with an EC2 that only takes down what it is to change;
 * what they look up is asked for really.
 */
export async function plannedCalls(ec2: Ec2, machine: Machine<Ec2State>, io: Io): Promise<ProviderCall[]> {
  const { name, state: planned } = machine;
  const taken: ProviderCall[] = [];
  const recorder = recording(ec2, taken);
  const state = { ...planned, Id: random, ClientToken: random, SSHKeyPath: planned.SSHPrivateKeyPath };
  // Whoever plans holds no lock: nothing is written.
  const group = await ensureGroup(recorder, state, { ...io, lock: (_, work) => work() });
  const ready = { ...state, ...group, ...(state.ExistingKey ? {} : { KeyName: keyName(name, random) }) };
  if (!ready.ExistingKey) {
    await importKeyPair(recorder, ready, ready.SSHKeyPath === "" ? Buffer.from("(public key)") : undefined);
  }
  await launch(recorder, ready, { ...io, notice: () => undefined }, await userData(ready));
  await deleteKeyPair(recorder, ready);
  return taken;
}

function recording(ec2: Ec2, taken: ProviderCall[]): Ec2 {
  return {
    call: async (name, input) => {
      if (name === "DescribeSecurityGroups") return ec2.call(name, input);
      if (!name.startsWith("Describe")) taken.push({ action: name, parameters: shown(input) });
      return { $metadata: {}, ...answers[name]?.(input) };
    },
  };
}

/** What the steps need of the answers. */
const answers: { readonly [N in keyof Calls]?: (input: Calls[N][0]) => Omit<Calls[N][1], "$metadata"> } = {
  CreateSecurityGroup: ({ GroupName = "" }) => ({ GroupId: `sg-(${GroupName})` }),
  DescribeKeyPairs: () => ({ KeyPairs: [{}] }),
};

/** Bytes as text: of all the parameters a public key alone has these. */
function shown(input: object): object {
  return Object.fromEntries(
    Object.entries(input).map(([key, value]: [string, unknown]) => [
      key,
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    ]),
  );
}
