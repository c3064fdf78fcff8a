import { afterEach, beforeAll, expect, test } from "vitest";
import { docker } from "../support/engine.js";
import { dropConnections, expectClearError, generic, start } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("a host", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine", reboots: true });
  });
  afterEach(async () => {
    await program.bash("machine rm -y -f $(machine ls -q)");
    await host.exec("rm -rf /etc/docker/*.pem /etc/systemd/system/docker.service.d && systemctl daemon-reload");
  });

  const kept = (name: string): string =>
    `the machine is kept; to go on: machine provision ${name}, to give it up: machine rm ${name}`;

  /** What is left of a create whose provisioning failed: an engine that runs, and a machine that says what to type. */
  async function expectNothingIsLost(name: string): Promise<void> {
    expect((await program.machine(["ls"])).stdout).toMatch(`not provisioned: machine provision ${name}`);
    expect(await program.machine(["provision", name])).toMatchObject({ code: 0 });
    expect((await program.bash(`eval "$(machine env ${name})" && docker version`)).code).toBe(0);
    expect(await program.machine(["rm", "-y", name])).toMatchObject({ code: 0 });
  }

  const engineIsUp = async (): Promise<boolean> =>
    (await host.exec("timeout 60 sh -c 'until systemctl -q is-active docker; do sleep 0.2; done'")).code === 0;

  test("whose ssh port is closed is tried for three minutes, then the error asks for the port and the name is free", async () => {
    // In a clock that runs 20 times as fast the minutes are seconds.
    const failed = await start(program, ["create", ...generic(host, { port: 2299 }), "web"], "+0 x20").end;
    const refused = `web: ${host.address} port 2299 refused the connection`;
    expectClearError(
      failed,
      `${refused}; trying again for 3 minutes`,
      `Error creating machine: Error in driver during machine creation: ${refused}\n`,
      "hint: is its SSH server running, and is the port the right one?",
    );
    expect((await program.machine(["ls", "-q"])).stdout).toBe("");
  });

  test("that drops the connection in the middle of a step keeps its machine, and its engine runs", async () => {
    const running = start(program, ["create", ...generic(host), "dropped"]);
    await running.says("Restart the engine");
    await dropConnections(host);
    const step =
      /Error running provisioning: dropped: could not (restart the engine|check the engine's TLS): the connection was closed/;
    expectClearError(
      await running.end,
      step,
      "hint: did the host go down, or the network on the way?",
      kept("dropped"),
    );
    expect(await engineIsUp()).toBe(true);
    await expectNothingIsLost("dropped");
  });

  test("that stops answering in the middle of a step is given up, and its machine is kept", async () => {
    // Three signs of life are missed after a minute, which is a quarter of one in this clock.
    const running = start(program, ["create", ...generic(host), "silent"], "+0 x4");
    await running.says("Configure the engine");
    await docker(lab.engine, ["pause", host.name]);
    try {
      const step =
        /Error running provisioning: silent: could not (configure|restart) the engine: the host stopped answering/;
      expectClearError(
        await running.end,
        step,
        "hint: did the host go down, or the network on the way?",
        kept("silent"),
      );
    } finally {
      await docker(lab.engine, ["unpause", host.name]);
    }
    expect(await engineIsUp()).toBe(true);
    await expectNothingIsLost("silent");
  });

  test("that reboots in the middle of a step keeps its machine, and provision waits until it is up", async () => {
    const running = start(program, ["create", ...generic(host), "rebooted"]);
    await running.says("Configure the engine");
    await host.exec("reboot --force");
    expectClearError(
      await running.end,
      /Error running provisioning: rebooted: could not \S+ the engine: the connection/,
      kept("rebooted"),
    );
    await expectNothingIsLost("rebooted");
  });
});
