import { EC2 } from "@aws-sdk/client-ec2";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { instanceOf, launch } from "../stand-ins/ec2/test/stand.js";
import { finish, output } from "../support/command.js";
import { type HostLauncher, hostLauncher } from "../stand-ins/ec2/host-launcher.js";
import { type Ec2Stand, startEc2, testAccount } from "../stand-ins/ec2/stand.js";
import { describeOnHosts } from "../support/lab.js";

describeOnHosts("the stand-in of EC2 with real hosts", (lab) => {
  let folder: string;
  let launcher: HostLauncher;
  let stand: Ec2Stand;
  let ec2: EC2;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ec2-"));
    launcher = hostLauncher(lab);
    stand = await startEc2({ launcher });
    ec2 = new EC2({ endpoint: stand.url, region: "us-east-1", credentials: { ...testAccount } });
    await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
    await ec2.importKeyPair({ KeyName: "k", PublicKeyMaterial: await readFile(join(folder, "key.pub")) });
  });
  afterAll(async () => {
    await stand.close();
    ec2.destroy();
    await rm(folder, { recursive: true });
  });

  const ssh = (address: string, user: string, command: string) =>
    finish("ssh", [
      ...["-i", join(folder, "key"), "-o", `UserKnownHostsFile=${join(folder, "known")}`, "-o", "BatchMode=yes"],
      ...["-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=5"],
      ...["-F", "none", `${user}@${address}`, command],
    ]);
  const become = async (id: string, state: string) => {
    for (;;) {
      const seen = await instanceOf(ec2, id);
      if (seen?.State?.Name === state) return seen;
      await sleep(100);
    }
  };

  test("an instance is a computer that the key pair opens, at a new address after a stop", async () => {
    const script = "#!/bin/sh\nid -un >/root/made-by-user-data\n";
    const { Instances = [] } = await ec2.runInstances({
      ...launch,
      KeyName: "k",
      UserData: Buffer.from(script).toString("base64"),
      InstanceInitiatedShutdownBehavior: "terminate",
    });
    const id = Instances[0]?.InstanceId ?? "";
    const { PublicIpAddress: address = "", PrivateIpAddress } = await become(id, "running");
    expect(await ssh(address, "admin", "sudo cat /root/made-by-user-data")).toMatchObject({
      stdout: "root\n",
      code: 0,
    });
    expect(await ssh(address, "root", "true")).toMatchObject({ code: 255 });
    const { Output = "" } = await ec2.getConsoleOutput({ InstanceId: id });
    const known = await output("ssh-keyscan", ["-t", "ed25519", address]);
    expect(Buffer.from(Output, "base64").toString()).toContain(known.split(" ").slice(1).join(" "));

    await ec2.stopInstances({ InstanceIds: [id] });
    await become(id, "stopped");
    await ec2.startInstances({ InstanceIds: [id] });
    const { PublicIpAddress: next = "", ...again } = await become(id, "running");
    expect(again.PrivateIpAddress).toBe(PrivateIpAddress);
    expect(next).not.toBe(address);
    expect(await ssh(next, "admin", "true")).toMatchObject({ code: 0 });
    expect(await ssh(address, "admin", "true")).toMatchObject({ code: 255 });

    const bootOf = async () => (await ssh(next, "admin", "systemctl show -p UserspaceTimestampMonotonic")).stdout;
    const boot = await bootOf();
    await ec2.rebootInstances({ InstanceIds: [id] });
    await stand.settled();
    expect(await bootOf()).toMatch(/^UserspaceTimestampMonotonic=/);
    expect(await bootOf()).not.toBe(boot);

    await ssh(next, "admin", "sudo systemctl reboot");
    await expect.poll(() => ssh(next, "admin", "true")).toMatchObject({ code: 0 });
    expect((await instanceOf(ec2, id))?.State?.Name).toBe("running");

    await ssh(next, "admin", "sudo systemctl poweroff");
    await become(id, "terminated");
    expect(() => launcher.host(id)).toThrow("no host stands for");
  });
});
