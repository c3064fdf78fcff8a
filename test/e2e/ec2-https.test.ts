import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../src/tls/certificate.js";
import { clientOf, launch } from "../stand-ins/ec2/test/stand.js";
import { fakeLauncher } from "../stand-ins/ec2/launcher.js";
import { startEc2, testAccount, type Ec2Stand } from "../stand-ins/ec2/stand.js";
import { installProgram, type Program } from "../support/program.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The stand-in behind TLS, and the certificate of the authority that signed for it. */
async function startHttps(): Promise<{ ec2: Ec2Stand; endpoint: string; ca: string }> {
  const ec2 = await startEc2({ launcher: fakeLauncher() });
  const ca = await makeAuthority({ user: "test", now: Date.now() });
  const certificate = { user: "test", machine: "ec2", names: ["127.0.0.1"], now: Date.now() };
  const server = createServer(await makeServerCertificate(ca, certificate), (socket) => {
    const behind = connect(Number(new URL(ec2.url).port), "127.0.0.1");
    socket.pipe(behind).pipe(socket);
    for (const one of [socket, behind]) one.on("error", () => behind.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(ec2.close, () => server.close());
  return { ec2, endpoint: `https://127.0.0.1:${String((server.address() as { port: number }).port)}`, ca: ca.cert };
}

async function program(): Promise<Program> {
  const installed = await installProgram();
  closing.push(installed.remove);
  return installed;
}

test("an EC2 is asked by https where its endpoint says so, and only with a certificate that is trusted", async () => {
  const { ec2, endpoint, ca } = await startHttps();
  const { home, machine } = await program();
  const file = join(home, "authority.pem");
  await writeFile(file, ca);
  const env = {
    AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const gc = ["gc", "-d", "amazonec2", "--amazonec2-endpoint", endpoint, "--amazonec2-region", "us-east-1"];
  const trusting = { env: { ...env, NODE_EXTRA_CA_CERTS: file } };
  expect(await machine(gc, trusting)).toMatchObject({ code: 0, stdout: "" });
  const [owner] = ec2.calls.flatMap(({ parameters }) =>
    Object.entries(parameters).flatMap(([name, value]) => (/^Filter\.\d+\.Value\.1$/.test(name) ? [value] : [])),
  );
  const Tags = [{ Key: "machine:owner", Value: owner }];
  await clientOf(ec2).runInstances({ ...launch, TagSpecifications: [{ ResourceType: "instance", Tags }] });
  expect((await machine(gc, trusting)).stdout).toMatch(/^instance +i-/m);

  const refused = await machine([...gc, "--amazonec2-retries", "-1"], { env });
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/EC2 cannot be reached: .*certificate/);
});
