import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installProgram, type Program } from "../support/program.js";
import { virtualBox, type VirtualBox } from "../stand-ins/virtualbox/index.js";

describe("machine doctor", () => {
  let vb: VirtualBox;
  let program: Program;
  beforeAll(async () => {
    vb = await virtualBox({ version: "7.1.6" });
    program = await installProgram();
  });
  afterAll(async () => {
    await vb.stop();
    await program.remove();
  });

  test("asks the VirtualBox that is there, and makes nothing in it", async () => {
    const { code, stdout, stderr } = await program.machine(["doctor", "-d", "virtualbox"], { env: vb.env });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^driver virtualbox\n {2}ok {7}VBoxManage: 7\.1\.6/);
    expect(stdout).toMatch(/^ {2}ok {7}host-only network: machines get addresses of 192\.168\.\d+\.1\/24$/m);
    // Its kernel module and the processor are this computer's.
    expect(code).toBe(/^ {2}problem/m.test(stdout) ? 1 : 0);
    const asked = (await vb.calls()).map(({ args }) => args.join(" "));
    expect(asked.filter((call) => !/^(--version|list )/.test(call))).toEqual([]);
  });

  test("takes a VirtualBox that is not installed for a problem only where it is asked for", async () => {
    const env = { PATH: "/nowhere", AWS_EC2_METADATA_DISABLED: "true" };
    const all = await program.machine(["doctor"], { env });
    expect(all.stdout).toMatch(/^driver virtualbox\n {2}note {5}VBoxManage: VBoxManage not found\./m);
    expect(all).toMatchObject({ code: 0, stderr: "" });
    const one = await program.machine(["doctor", "-d", "virtualbox"], { env });
    expect(one.stdout).toMatch(/^driver virtualbox\n {2}problem {2}VBoxManage: VBoxManage not found\./);
    expect(one.code).toBe(1);
  });
});
