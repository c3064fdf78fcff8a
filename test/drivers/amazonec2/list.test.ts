import { expect, test } from "vitest";
import type { MachineConfig } from "../../../src/store/config.js";
import { putGeneric } from "../../commands/support.js";
import { clientOf, launch, stands } from "../../stand-ins/ec2/test/stand.js";
import { dryRun, ec2Home, type Ec2Home } from "./home.js";

const fresh = stands();
const regions = ["us-east-1", "eu-central-1"] as const;

/** Machines of the store, each for one instance. */
async function putMachines(home: Ec2Home, Region: string, ids: readonly string[]): Promise<void> {
  const { Driver: planned } = await dryRun(home, "--amazonec2-region", Region);
  for (const InstanceId of ids) {
    const MachineName = `${Region}-${InstanceId}`;
    const Driver = { ...planned, MachineName, InstanceId, SSHKeyPath: "/nowhere", LaunchedAt: Date.now() };
    await putGeneric(home, MachineName, 1, (config: MachineConfig) => ({ ...config, DriverName: "amazonec2", Driver }));
  }
}

test("machine ls makes one DescribeInstances call for each region and page, however many machines there are", async () => {
  const { stand } = await fresh({ regions });
  const home = await ec2Home(stand);
  for (const region of regions) {
    const ec2 = clientOf(stand, { region });
    const { Instances = [] } = await ec2.runInstances({ ...launch, MinCount: 50, MaxCount: 50 });
    await putMachines(
      home,
      region,
      Instances.map(({ InstanceId = "" }) => InstanceId),
    );
  }
  await stand.settled();
  await clientOf(stand).stopInstances({ InstanceIds: [stand.instances()[0]?.id ?? ""] });
  await stand.settled();

  const before = stand.calls.length;
  const listed = await home.run("ls", "-t", "1", "-f", "{{.Name}} {{.State}}");
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  const states = listed.stdout.split("\n").map((line) => line.split(" ")[1]);
  expect(states.filter((state) => state === "Running")).toHaveLength(99);
  expect(states.filter((state) => state === "Stopped")).toHaveLength(1);
  const calls = stand.calls.slice(before).map(({ action, region }) => `${action} ${region}`);
  expect(calls.sort()).toEqual([...regions].sort().map((region) => `DescribeInstances ${region}`));
});
