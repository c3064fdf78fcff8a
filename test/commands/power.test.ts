import { expect, test } from "vitest";
import { createNone, newHome, putGeneric } from "./support.js";

const past = { stop: "stopped", kill: "killed", restart: "restarted" };

test.each(Object.entries(past))("machine %s cannot be done without a driver", async (command, done) => {
  const home = await newHome();
  await createNone(home, "web", "db");
  const ran = await home.machine([command, "web", "db"]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  const refusal = `hosts without a driver cannot be ${done}\n`;
  expect(ran.stderr.endsWith(`"...\n${refusal}${refusal}`), ran.stderr).toBe(true);
});

test.each([
  ["start", "generic driver does not support start"],
  ["stop", 'Machine "web" is already stopped.'],
  ["kill", 'Machine "web" is already stopped.'],
])("machine %s of a generic host that is down says what is so", async (command, refusal) => {
  const home = await newHome();
  await putGeneric(home, "web");
  const ran = await home.machine([command, "web"]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr.endsWith(`\n${refusal}\n`), ran.stderr).toBe(true);
});

test("machine start of what runs already says so", async () => {
  const home = await newHome();
  await createNone(home, "web");
  expect((await home.machine(["start", "web"])).stderr).toContain('Machine "web" is already running.\n');
});

test.each([
  ["stop", "Stopping"],
  ["kill", "Killing"],
  ["restart", "Restarting"],
])("machine %s says on stderr what it does to each machine, as JSON when it is asked to", async (command, doing) => {
  const home = await newHome();
  await createNone(home, "web");
  expect((await home.machine([command, "web"])).stderr).toContain(`${doing} "web"...\n`);
  const [line = "", error = ""] = (await home.machine([command, "--json", "web"])).stderr.trim().split("\n");
  expect(JSON.parse(line)).toEqual({ type: "message", line: `${doing} "web"...` });
  expect(JSON.parse(error)).toMatchObject({ error: { code: "unsupported" } });
});

test("nothing is done to any machine when one is not there", async () => {
  const home = await newHome();
  await createNone(home, "web");
  const ran = await home.machine(["start", "web", "x"]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toMatch(/^Docker machine "x" does not exist\./);
});
