import { readdir, readFile, writeFile } from "node:fs/promises";
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
