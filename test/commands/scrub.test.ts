import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ec2Home, type Ec2Home } from "../drivers/amazonec2/home.js";
import { clientOf, launch, stands } from "../stand-ins/ec2/test/stand.js";
import { fixtureIn, putConfig } from "../store/support.js";
import { testAccount, type Ec2Stand } from "../stand-ins/ec2/stand.js";

const fresh = stands();
const secret = "docker-machine-has-saved-this-secret-key";

/** A machine that docker-machine made, with its keys in config.json, and its instance. */
async function old(): Promise<{ stand: Ec2Stand; home: Ec2Home; dir: string }> {
  const { stand } = await fresh();
  const home = await ec2Home(stand);
  const { Instances: [instance] = [] } = await clientOf(stand).runInstances(launch);
  await stand.settled();
  const config = JSON.parse(await fixtureIn(home.store, "config-amazonec2")) as { Name: string; Driver: object };
  const keys = { AccessKey: testAccount.accessKeyId, SecretKey: secret, SessionToken: "" };
  const place = { InstanceId: instance?.InstanceId, Region: "us-east-1", Endpoint: stand.url };
  const Driver = { ...config.Driver, ...keys, ...place, MachineName: "web" };
  await putConfig(home.store, "web", JSON.stringify({ ...config, Name: "web", Driver }));
  return { stand, home, dir: join(home.store, "machines", "web") };
}

async function contents(dir: string): Promise<string> {
  const files = await readdir(dir);
  return (await Promise.all(files.map((file) => readFile(join(dir, file), "utf8")))).join("\n");
}

test("machine scrub takes keys that docker-machine saved out of the store, once others have shown the instance", async () => {
  const { home, dir } = await old();
  await writeFile(join(dir, "config.json.bak"), JSON.stringify({ SecretKey: secret }));
  expect(await home.run("scrub", "web")).toMatchObject({
    code: 0,
    stdout: 'Took the credentials of "web" out of the store.\n',
  });
  expect(await contents(dir)).not.toContain(secret);
  expect(await contents(dir)).not.toContain(testAccount.accessKeyId);
  expect((await home.run("status", "web")).stdout).toBe("Running\n");
  expect(await home.run("scrub", "web")).toMatchObject({
    code: 0,
    stdout: 'The store holds no credentials of "web".\n',
  });
});

test("machine scrub keeps the keys where nothing else works, and says what to do", async () => {
  const { home, dir, stand } = await old();
  const env = { AWS_ENDPOINT: stand.url, AWS_EC2_METADATA_DISABLED: "true" };
  const refused = await home.machine(["scrub", "web"], { env });
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^web keeps the keys in its config\.json, as nothing else works: /m);
  expect(refused.stderr).not.toContain(secret);
  expect(await contents(dir)).toContain(secret);
});

/** A machine that was made by keys that came as flags alone, and what every command finds of keys in its environment. */
async function madeByFlags(...more: readonly string[]) {
  const { stand } = await fresh();
  const home = await ec2Home(stand);
  const env = { AWS_ENDPOINT: stand.url, AWS_DEFAULT_REGION: "us-east-1", AWS_EC2_METADATA_DISABLED: "true" };
  const run = (...argv: readonly string[]) => home.machine(argv, { env });
  const { accessKeyId, secretAccessKey } = testAccount;
  const keys = ["--amazonec2-access-key", accessKeyId, "--amazonec2-secret-key", secretAccessKey];
  // No host stands behind its instance: the create is given up, and the machine kept.
  stand.order({ action: "DescribeInstances", after: 1, error: "UnauthorizedOperation" });
  const created = await run("create", "-d", "amazonec2", ...keys, ...more, "--keep-on-failure", "web");
  return { home, run, created, dir: join(home.store, "machines", "web") };
}

test("keys that were given as flags serve the machine's later commands, and stand in one file of its owner's", async () => {
  const { home, run, created, dir } = await madeByFlags();
  expect(created.stderr).toContain("machine create --resume web");
  const { accessKeyId, secretAccessKey } = testAccount;
  const file = join(dir, "credentials.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  for (const other of (await readdir(dir)).filter((name) => name !== "credentials.json")) {
    expect(await readFile(join(dir, other), "utf8"), other).not.toContain(secretAccessKey);
  }
  for (const line of [["status"], ["inspect"], ["ls"], ["stop"], ["-D", "status"]]) {
    const ran = await run(...line, ...(line[0] === "ls" ? [] : ["web"]));
    expect({ line, code: ran.code }, ran.stderr).toEqual({ line, code: 0 });
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(secretAccessKey);
  }
  await run("start", "web");
  expect((await run("status", "web")).stdout).toBe("Running\n");
  const refused = await run("scrub", "web");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("the credentials of web are kept, as no others work");
  expect(await readdir(dir)).toContain("credentials.json");
  expect((await home.run("scrub", "web")).stdout).toBe('Took the credentials of "web" out of the store.\n');
  expect(await readdir(dir)).not.toContain("credentials.json");
  expect((await run("status", "web")).code).toBe(1);
  expect((await home.run("rm", "-f", "-y", "web")).code).toBe(0);
});

test("a machine is removed by the keys that were given as flags when it was made", async () => {
  const { run, dir } = await madeByFlags();
  expect(await run("rm", "-y", "web")).toMatchObject({ code: 0 });
  await expect(stat(dir)).rejects.toThrow("ENOENT");
});

test("keys that were given as flags are not kept where that is not wanted, or where the environment has them", async () => {
  const { dir, created } = await madeByFlags("--amazonec2-save-credentials=false");
  expect(created.stderr).toContain(
    "(web) its credentials are not saved; later commands need AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\n",
  );
  expect(await readdir(dir)).not.toContain("credentials.json");
  const { stand } = await fresh();
  const home = await ec2Home(stand);
  stand.order({ action: "DescribeInstances", after: 1, error: "UnauthorizedOperation" });
  await home.run("create", "-d", "amazonec2", "--keep-on-failure", "web");
  expect(await readdir(join(home.store, "machines", "web"))).not.toContain("credentials.json");
});

test("credentials that are damaged are told without a part of them, and the machine can be removed", async () => {
  const { home, run, dir } = await madeByFlags();
  await writeFile(join(dir, "credentials.json"), '{"AWS_SECRET_ACCESS_KEY": "hunter2"');
  const { code, stderr } = await run("status", "web");
  expect(code).toBe(1);
  expect(stderr).toContain("credentials.json is not valid");
  expect(stderr).not.toContain("hunter2");
  expect(await home.run("ls")).toMatchObject({ code: 0 });
});

test("machine scrub leaves a machine of a driver that saves no credentials as it is", async () => {
  const home = await ec2Home({ url: "http://127.0.0.1:1" });
  await home.run("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web");
  const before = await contents(join(home.store, "machines", "web"));
  expect(await home.run("scrub", "web")).toMatchObject({
    code: 0,
    stdout: 'The store holds no credentials of "web".\n',
  });
  expect(await contents(join(home.store, "machines", "web"))).toBe(before);
});

test("a machine of docker-machine is used and removed with the keys in its config.json alone", async () => {
  const { home, dir, stand } = await old();
  const config = await readFile(join(dir, "config.json"), "utf8");
  await writeFile(join(dir, "config.json"), config.replaceAll(secret, testAccount.secretAccessKey));
  const env = { AWS_EC2_METADATA_DISABLED: "true" };
  expect(await home.machine(["status", "web"], { env })).toMatchObject({ code: 0, stdout: "Running\n" });
  expect((await home.machine(["ls", "-f", "{{.Name}} {{.State}}"], { env })).stdout).toBe("web Running\n");
  const shown = await home.machine(["inspect", "web"], { env });
  expect(shown.stdout).toContain('"Region": "us-east-1"');
  expect(await home.machine(["rm", "-y", "web"], { env })).toMatchObject({ code: 0 });
  await stand.settled();
  expect(stand.instances().map(({ instance }) => instance.State?.Name)).toEqual(["terminated"]);
});
