import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stands } from "../../stand-ins/ec2/test/stand.js";
import type { Ec2Stand } from "../../stand-ins/ec2/stand.js";
import { ec2Home, type Ec2Home } from "./home.js";

const fresh = stands();

/** A create with user data of which the answer to its launch got lost, and whose user data has been edited since. */
async function cutOff(): Promise<{ stand: Ec2Stand; home: Ec2Home }> {
  const { stand } = await fresh();
  const home = await ec2Home(stand);
  const file = join(home.home, "user-data");
  await writeFile(file, "#!/bin/sh\necho one\n");
  // After the plan's own dry run.
  stand.order({ action: "RunInstances", after: 1, drop: "after", dies: "Server.InternalError: Internal error" });
  const options = ["--amazonec2-userdata", file, "--amazonec2-retries", "-1", "--keep-on-failure"];
  expect(await home.run("create", "-d", "amazonec2", ...options, "web")).toMatchObject({ code: 1 });
  await stand.settled();
  await writeFile(file, "#!/bin/sh\necho two\n");
  return { stand, home };
}

test("a create that goes on with other user data takes what was launched before, once EC2 shows it", async () => {
  const { stand, home } = await cutOff();
  const [instance] = stand.instances();
  stand.order({ action: "DescribeInstances", blind: true });
  const { stderr } = await home.run("create", "--resume", "--keep-on-failure", "web");
  const tried = stand.calls.filter(({ action }) => action === "RunInstances");
  expect(tried.at(-1)).toMatchObject({ error: "IdempotentParameterMismatch" });
  expect(stderr).toContain("its instance has ended: Server.InternalError");
  expect(stand.instances()).toHaveLength(1);
  expect((await home.run("inspect", "-f", "{{.Driver.InstanceId}}", "web")).stdout).toBe(`${instance?.id ?? ""}\n`);
});
