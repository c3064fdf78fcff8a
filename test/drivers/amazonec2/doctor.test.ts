import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checks } from "../../../drivers/amazonec2/doctor.js";
import { options } from "../../../drivers/amazonec2/options.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { fromEnv, resolve } from "../../../src/driver/index.js";
import { stands } from "../../stand-ins/ec2/test/stand.js";
import { testAccount } from "../../stand-ins/ec2/stand.js";
import { said } from "../said.js";

const fresh = stands();

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "machine-doctor-"));
});
afterEach(() => rm(home, { recursive: true }));

/** @param vendor who is said to have made this computer */
async function doctor(env: Readonly<Record<string, string>>, vendor = "LENOVO"): Promise<readonly string[]> {
  const vendorFile = join(home, "sys_vendor");
  await writeFile(vendorFile, `${vendor}\n`);
  const given = resolve(options, [fromEnv(options, env, "amazonec2")], "amazonec2");
  return said(checks(given, vendorFile), fakeIo({}, { HOME: home, ...env }));
}

const keys = {
  AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
  AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
  AWS_DEFAULT_REGION: "us-east-1",
};

describe("the doctor of the amazonec2 driver", () => {
  test("shows the credentials to EC2", async () => {
    const { stand } = await fresh();
    expect(await doctor({ ...keys, AWS_ENDPOINT: stand.url })).toEqual([
      "ok account: EC2 lets the credentials in, in us-east-1; ",
    ]);
  });

  test("says what EC2 has against them", async () => {
    const { stand } = await fresh();
    const [line] = await doctor({ ...keys, AWS_SECRET_ACCESS_KEY: "wrong", AWS_ENDPOINT: stand.url });
    expect(line).toMatch(/^problem account: EC2 refuses .*; .*(keys are|secret key is) wrong/);
    expect(line).not.toContain(testAccount.accessKeyId);
  });

  test("knows a region that can be none", async () => {
    expect(await doctor({ ...keys, AWS_DEFAULT_REGION: "mars" })).toEqual([
      'problem account: Invalid region specified; "mars" is not like us-east-1',
    ]);
  });

  test("asks nobody without credentials, whatever else the files of AWS say", async () => {
    const { stand } = await fresh();
    await mkdir(join(home, ".aws"));
    await writeFile(join(home, ".aws", "config"), "[default]\nregion = eu-west-1\n");
    expect(await doctor({ AWS_ENDPOINT: stand.url })).toEqual([
      expect.stringMatching(/^warning account: there are no AWS credentials.*; aws configure.*AWS_ACCESS_KEY_ID/),
    ]);
    expect(stand.calls).toEqual([]);
  });
});
