import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { aimAt, cutOff, type Moment, shareOut } from "../support/cut-off.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

const last = "done check the engine's TLS";

/**
 * What a create says when it comes to a point, and the milliseconds after it in which a signal is sent. `start` is the
 * start of the process, `claim` the first change in the directory of machines; the rest stands on stderr.
 */
const points: Readonly<Record<string, number>> = {
  start: 300,
  "Creating CA": 50,
  "Creating client certificate": 40,
  claim: 15,
  "started log in to the host": 300,
  "started wait for the host": 40,
  "started read the host's facts": 250,
  "started set the host name": 60,
  "started install the engine": 15,
  "started configure the engine": 250,
  "started restart the engine": 1_500,
  "started check the engine's TLS": 60,
  [last]: 15,
};
/** With what it is cut off, and whether it goes on afterwards where that is possible. */
const ways = (["SIGINT", "SIGKILL"] as const).flatMap((signal) => [true, false].map((goesOn) => ({ signal, goesOn })));

interface Place {
  readonly host: Host;
  readonly program: Program;
}

describeOnHosts("a create that is cut off", (lab) => {
  let places: readonly Place[];
  beforeAll(async () => {
    places = await Promise.all(
      [1, 2].map(async () => ({
        host: await lab.createHost({ image: "engine" }),
        program: await lab.installProgram(),
      })),
    );
  });

  test("at random moments, aimed at each step, is undone or seen, and the host serves again", async () => {
    await shareOut(places, aimAt(points, ways, 4), async (place, { point, delay, choice: { signal, goesOn } }) => {
      let isHit = false;
      for (let nearer = 1; nearer < 20 && !isHit; nearer *= 2) {
        isHit = await survives(place, { point, delay: delay / nearer, signal }, goesOn);
        // Behind it there is hardly anything to cut off.
        if (point === last) break;
      }
      expect(isHit || point === last, `nothing was cut off after "${point}"`).toBe(true);
    });
  });
});

/** Cuts one create off and returns whether it was at work still, after everything was found right. */
async function survives(place: Place, moment: Moment, goesOn: boolean): Promise<boolean> {
  const { program } = place;
  const about = `${moment.signal} ${moment.delay.toFixed(1)} ms after "${moment.point}"`;
  if (moment.point.startsWith("Creating")) await rm(program.store, { recursive: true, force: true });
  const { code, stderr } = await cutOff(program, createWeb(place), moment);
  expect(stderr, about).not.toMatch(/This is a bug|^ {4}at |PRIVATE KEY/m);
  expect(code === 130, about).toBe(stderr.includes('"code":"interrupted"'));
  // Node has no ear for it yet when it starts, and none any more when it ends.
  const isAtEdge = moment.point === "start" || moment.point === last;
  if (moment.signal === "SIGINT") expect([130, 0, ...(isAtEdge ? [null] : [])], about).toContain(code);

  const row = (await succeeds(program, about, "ls")).split("\n").find((line) => line.startsWith("web "));
  const isLeft = row !== undefined;
  if (code === 0 || (moment.signal === "SIGINT" && code !== null)) expect(isLeft, about).toBe(code === 0);
  const told = /create was cut off: machine create --resume web|not provisioned: machine provision web/.exec(row ?? "");
  if (code === 0) expect(told, about).toBeNull();
  if (isLeft && goesOn && told !== null) {
    await succeeds(
      program,
      about,
      ...(told[0].endsWith("provision web") ? ["provision", "web"] : ["create", "--resume", "web"]),
    );
  } else {
    if (isLeft) await succeeds(program, about, "rm", "-y", "web");
    expect(await engineComesBack(place), about).toBe(true);
    await succeeds(program, about, ...createWeb(place));
  }
  await expectWhole(place, about);
  await succeeds(program, about, "rm", "-y", "web");
  return code !== 0;
}

/** The machine is complete, nothing half-made is beside it, and its engine serves. */
async function expectWhole({ program }: Place, about: string): Promise<void> {
  const served = await program.bash('eval "$(machine env web)" && docker version --format "{{.Server.Os}}"');
  expect(served, about).toMatchObject({ code: 0, stdout: "linux\n", stderr: "" });
  expect(await succeeds(program, about, "ls"), about).toMatch(/^web .* Running .*v\d\S+ *\n/m);
  expect(await readdir(join(program.store, "machines")), about).toEqual(["web"]);
  expect((await readdir(join(program.store, "machines", "web"))).sort(), about).toEqual([
    "ca.pem",
    "cert.pem",
    "commands.jsonl",
    "config.json",
    "key.pem",
    "known_hosts",
    "server-key.pem",
    "server.pem",
  ]);
  expect((await readdir(join(program.store, "certs"))).sort(), about).toEqual(
    ["ca-key.pem", "ca.pem", "cert.pem", "key.pem"].sort(),
  );
}

/** Whatever a script on the host was doing when its connection was lost. */
async function engineComesBack({ host }: Place): Promise<boolean> {
  const wait = "for n in $(seq 60); do systemctl is-active -q docker && exit; sleep 0.5; done; exit 1";
  return (await host.exec(wait)).code === 0;
}

function createWeb({ host }: Place): string[] {
  return ["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath, "web"];
}

async function succeeds({ machine }: Program, about: string, ...argv: readonly string[]): Promise<string> {
  const ran = await machine(argv);
  expect(ran, `${about}, then ${argv.join(" ")}`).toMatchObject({ code: 0 });
  return ran.stdout;
}
