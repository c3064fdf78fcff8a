import { afterAll, describe, expect, test } from "vitest";
import amazonec2 from "../../../drivers/amazonec2/index.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { driverChecks, fakeIo } from "../../../src/driver/conformance.js";
import { fakeLauncher } from "../../stand-ins/ec2/launcher.js";
import { startEc2, testAccount } from "../../stand-ins/ec2/stand.js";
import { planned } from "./state.js";

/** Whose keys are what the suite of all drivers gives for secrets. */
const ofSuite = {
  id: "210987654321",
  accessKeyId: "secret-accessKey",
  secretAccessKey: "secret-secretKey",
  sessionToken: "secret-sessionToken",
};
/** An EC2 that has no instance. */
const stand = await startEc2({ launcher: fakeLauncher(), accounts: [testAccount, ofSuite] });
afterAll(() => stand.close());
const io = {
  ...fakeIo(),
  env: {
    AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
  },
};

describe("the amazonec2 driver", () => {
  const checks = driverChecks(amazonec2, {
    options: { region: "us-east-1", endpoint: stand.url, zone: "a", rootSize: 30, openPort: ["8080"] },
    io,
    refused: [
      { options: { region: "nowhere" }, error: /^Invalid region specified$/ },
      {
        options: { region: "us-east-1", keypairName: "ann" },
        error: /^using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath$/,
      },
    ],
  });
  for (const { name, run } of checks) test(name, run);

  const made: Ec2State = {
    ...planned,
    InstanceId: "i-1",
    IPAddress: "192.0.2.7",
    PrivateIPAddress: "10.0.0.5",
    SSHKeyPath: "/store/machines/web-1/id_rsa",
    HostKey: "SHA256:abc",
  };

  test("reaches an instance by its address, with the host key that the console showed", () => {
    expect(amazonec2.access(made)).toEqual({
      docker: "tcp://192.0.2.7:2376",
      shell: {
        kind: "ssh",
        host: "192.0.2.7",
        port: 22,
        user: "ubuntu",
        keyPath: "/store/machines/web-1/id_rsa",
        hostKey: "SHA256:abc",
      },
      peer: { address: "10.0.0.5", port: 2376 },
    });
  });

  test("reaches one by its private or IPv6 address where it has no other", () => {
    expect(amazonec2.access({ ...made, UsePrivateIP: true } as Ec2State).docker).toBe("tcp://10.0.0.5:2376");
    expect(amazonec2.access({ ...made, IPAddress: "2001:db8::7" }).docker).toBe("tcp://[2001:db8::7]:2376");
  });

  test("reaches one through SSM by its id, which stays when addresses change", () => {
    const { shell } = amazonec2.access({ ...made, Connect: "ssm", Profile: "lab", SSHPort: 2222 } as Ec2State);
    const session = "aws ssm start-session --target i-1 --document-name AWS-StartSSHSession";
    const proxy = `${session} --parameters portNumber=2222 --region us-east-1 --profile lab`;
    expect(shell).toMatchObject({ host: "i-1", proxy: proxy.split(" ") });
  });

  test("calls a config.json broken in which a value cannot be", () => {
    const broken =
      (some: object): (() => unknown) =>
      () =>
        amazonec2.access({ ...made, ...some });
    expect(broken({ InstanceId: "-rf" })).toThrow("Driver.InstanceId in its config.json must be the id of an instance");
    expect(broken({ Region: "us east" })).toThrow("must be a region");
    expect(broken({ IPAddress: "a b" })).toThrow("must be an IP address");
    expect(broken({ SSHPort: -1 })).toThrow("must be a port");
  });

  test("asks nobody about a machine that was never launched", async () => {
    const machine = { name: "web-1", dir: "/nowhere", state: planned };
    const before = stand.calls.length;
    expect(await amazonec2.inspect(machine, io)).toEqual({ status: "missing" });
    await expect(amazonec2.remove(machine, io)).resolves.toBeUndefined();
    expect(stand.calls).toHaveLength(before);
  });
});
