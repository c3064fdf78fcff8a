import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEc2 } from "../../../drivers/amazonec2/api/client.js";
import type { Calls } from "../../../drivers/amazonec2/api/calls.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { stands } from "../../stand-ins/ec2/test/stand.js";
import { contentsOf } from "../../commands/support.js";
import { output } from "../../support/command.js";
import { type Ec2Stand, testAccount } from "../../stand-ins/ec2/stand.js";
import { dryRun, ec2Home, installSsm, type Ec2Home, type Printed } from "./home.js";
import { planned } from "./state.js";

const fresh = stands();

type Wire = readonly { readonly action: string; readonly parameters: Readonly<Record<string, string>> }[];

/** The printed calls as the SDK sends them: to a stand-in of their own, whatever that answers. */
async function sent({ Calls: calls }: Printed): Promise<Wire> {
  const { stand } = await fresh();
  const { accessKeyId: AccessKey, secretAccessKey: SecretKey } = testAccount;
  const settings = { ...planned, Endpoint: stand.url, AccessKey, SecretKey };
  const ec2 = await openEc2(settings, { env: {}, signal: new AbortController().signal });
  for (const { Action, Parameters } of calls) {
    const { PublicKeyMaterial: key } = Parameters;
    const input = { ...Parameters, ...(typeof key === "string" ? { PublicKeyMaterial: Buffer.from(key) } : {}) };
    await ec2.call(Action as keyof Calls, input as never).catch(() => undefined);
  }
  return stand.calls.map(({ action, parameters }) => ({ action, parameters }));
}

/**
 * Makes the machine for which the calls were printed, of which its instance dies at once, and removes it. Returns the
 * calls of the same actions that succeeded, with what could not be known before in parentheses.
 */
async function made(stand: Ec2Stand, home: Ec2Home, options: readonly string[], printed: Printed): Promise<Wire> {
  // The plan's own dry run is the first.
  stand.order({ action: "RunInstances", after: 1, dies: "Server.InternalError: Internal error on launch" });
  const before = stand.calls.length;
  const { stderr } = await home.run("create", "-d", "amazonec2", ...options, "--keep-on-failure", "web");
  expect(stderr).toContain("its instance has ended: Server.InternalError");
  const unknown = await unknownOf(home, printed);
  const removed = await home.run("rm", "-y", "web");
  expect(removed.code, removed.stderr).toBe(0);
  const wanted = new Set(printed.Calls.map(({ Action }) => Action));
  const calls = stand.calls.slice(before).filter(({ action, error }) => wanted.has(action) && error === "");
  return calls.map(({ action, parameters }) => ({
    action,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, unknown.get(value) ?? value] as const),
    ),
  }));
}

/** What turned out to be the values that could not be known -> what stands in their place. */
async function unknownOf({ store }: Ec2Home, printed: Printed): Promise<ReadonlyMap<string, string>> {
  const dir = join(store, "machines", "web");
  const { Driver: state } = JSON.parse(await readFile(join(dir, "config.json"), "utf8")) as { Driver: Ec2State };
  const { ClientToken = "", Id, KeyName, Owner = "", SecurityGroupIds: ids, SecurityGroupNames: names } = state;
  const isOwnerNew = printed.Driver.Owner === "(random)";
  const nameOf = (name: string): string => (isOwnerNew ? name.replace(Owner.slice(0, 8), "(random)") : name);
  const made = printed.Calls.filter(({ Action }) => Action === "CreateSecurityGroup").map(
    ({ Parameters }) => Parameters["GroupName"],
  );
  const unknown = new Map([
    [ClientToken, "(random)"],
    [Id, "(random)"],
    ...(state.ExistingKey ? [] : [[KeyName, "web-(random)"] as const]),
    ...(isOwnerNew ? [[Owner, "(random)"] as const] : []),
    ...names.map((name) => [name, nameOf(name)] as const),
    ...ids.flatMap((id, index) => {
      const name = nameOf(names[index] ?? "");
      return made.includes(name) ? [[id, `sg-(${name})`] as const] : [];
    }),
  ]);
  if ((await readdir(dir)).includes("id_rsa.pub")) {
    unknown.set(await readFile(join(dir, "id_rsa.pub"), "base64"), Buffer.from("(public key)").toString("base64"));
  }
  return unknown;
}

describe("the calls that machine create --dry-run prints", () => {
  test("are those that a first create makes", async () => {
    const { stand } = await fresh();
    const home = await ec2Home(stand);
    const printed = await dryRun(home);
    expect(printed.Calls.map(({ Action }) => Action)).toEqual([
      "CreateSecurityGroup",
      "AuthorizeSecurityGroupIngress",
      "ImportKeyPair",
      "RunInstances",
      "DeleteKeyPair",
    ]);
    expect(await sent(printed)).toEqual(await made(stand, home, [], printed));
  });

  test("are those that a create with user data and many options makes, in a store that has an id", async () => {
    const { stand } = await fresh();
    const home = await ec2Home(stand);
    await installSsm(home);
    await home.run("gc", "-d", "amazonec2");
    const file = join(home.home, "setup.yaml");
    await writeFile(file, "#cloud-config\npackages: [htop]\n");
    const options = [
      ...["--amazonec2-connect", "ssm", "--amazonec2-userdata", file, "--amazonec2-tags", "team,a b,Name,theirs"],
      ...["--amazonec2-request-spot-instance", "--amazonec2-spot-price", "0.02", "--ttl", "8h"],
      ...["--amazonec2-instance-type", "t3.small,t3.medium", "--amazonec2-zone", "b,c", "--amazonec2-monitoring"],
      ...["--amazonec2-iam-instance-profile", "machine", "--amazonec2-root-size", "33", "--amazonec2-kms-key-id", "k"],
    ];
    const printed = await dryRun(home, ...options);
    expect(await sent(printed)).toEqual(await made(stand, home, options, printed));
    const launch = printed.Calls.find(({ Action }) => Action === "RunInstances");
    const data = Buffer.from(String(launch?.Parameters["UserData"]), "base64").toString();
    expect(data).toMatch(/^Content-Type: multipart\/mixed; boundary=/);
    expect(data).toContain("#cloud-config\npackages: [htop]\n");
  });

  test("are those that a create with groups and a key of the user's makes", async () => {
    const { stand } = await fresh();
    const home = await ec2Home(stand);
    const key = join(home.home, "key");
    await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const vpc = stand.region("us-east-1").vpcs[0]?.VpcId ?? "";
    const options = [
      ...["--amazonec2-security-group", "default", "--amazonec2-security-group", "labs", "--amazonec2-vpc-id", vpc],
      ...["--amazonec2-ssh-keypath", key, "--amazonec2-open-port", "53/udp"],
      ...["--amazonec2-ingress-cidr", "192.0.2.0/24", "--amazonec2-ingress-cidr", "2001:db8::/32"],
    ];
    const printed = await dryRun(home, ...options);
    expect(JSON.stringify(printed.Calls)).toContain("sg-(labs)");
    expect(JSON.stringify(printed.Calls)).toContain((await readFile(`${key}.pub`, "utf8")).trim());
    expect(await sent(printed)).toEqual(await made(stand, home, options, printed));
  });

  test("make no group that is there, and no key pair where one is named", async () => {
    const { stand } = await fresh();
    const home = await ec2Home(stand);
    const key = join(home.home, "key");
    await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const named = ["--amazonec2-security-group", "default", "--amazonec2-security-group-readonly"];
    const keys = ["--amazonec2-keypair-name", "ann", "--amazonec2-ssh-keypath", key];
    stand.region("us-east-1").keyPairs.push({ KeyName: "ann", KeyPairId: "key-1", PublicKey: "ssh-ed25519 AAAA" });
    const printed = await dryRun(home, ...named, ...keys);
    expect(printed.Calls.map(({ Action }) => Action)).toEqual(["RunInstances"]);
    expect(printed.Calls[0]?.Parameters).toMatchObject({ KeyName: "ann" });
  });

  test("are printed without a change to the store or at EC2, and without a secret", async () => {
    const { stand } = await fresh();
    const home = await ec2Home(stand);
    await home.run("gc", "-d", "amazonec2");
    const before = await contentsOf(home.store);
    const ran = await home.run("create", "-d", "amazonec2", "--dry-run", "web");
    expect(ran.code, ran.stderr).toBe(0);
    expect(await contentsOf(home.store)).toEqual(before);
    const changing = stand.calls.filter(({ action }) => !action.startsWith("Describe"));
    expect(changing.map(({ action, error }) => `${action} ${error}`)).toEqual(["RunInstances DryRunOperation"]);
    expect(stand.region("us-east-1").groups.map(({ GroupName }) => GroupName)).toEqual(["default", "default"]);
    for (const secret of [testAccount.accessKeyId, testAccount.secretAccessKey]) {
      expect(ran.stdout + ran.stderr).not.toContain(secret);
    }
  });
});
