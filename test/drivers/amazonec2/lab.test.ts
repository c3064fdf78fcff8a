import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stands } from "../../stand-ins/ec2/test/stand.js";
import { ec2Home } from "./home.js";

const fresh = stands();

test("lab up plans a machine once, and launches what it has planned", async () => {
  const { stand } = await fresh();
  const home = await ec2Home(stand);
  const file = join(home.home, "lab.yaml");
  await writeFile(file, "machines: { web: { driver: amazonec2 } }\n");
  // The first launch is the plan's dry run.
  stand.order({ action: "RunInstances", after: 1, dies: "Server.InternalError: Internal error on launch" });
  const { stderr } = await home.run("lab", "up", file);
  expect(stderr).toContain("its instance has ended: Server.InternalError");
  const count = (wanted: string): number => stand.calls.filter(({ action }) => action === wanted).length;
  expect({
    types: count("DescribeInstanceTypes"),
    images: count("DescribeImages"),
    launches: count("RunInstances"),
  }).toEqual({ types: 1, images: 1, launches: 2 });
});
