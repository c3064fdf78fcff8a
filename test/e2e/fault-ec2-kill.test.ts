import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { aimAt, cutOff, shareOut } from "../support/cut-off.js";
import { hostLauncher } from "../stand-ins/ec2/host-launcher.js";
import { fakeLauncher } from "../stand-ins/ec2/launcher.js";
import type { Order } from "../stand-ins/ec2/orders.js";
import { type Ec2Stand, startEc2, testAccount } from "../stand-ins/ec2/stand.js";
import { describeOnHosts, type Lab } from "../support/lab.js";
import type { Program } from "../support/program.js";

/** Where a create is cut off. */
interface Point {
  /** The signal comes at most so many milliseconds after it. */
  readonly most: number;
  /** What makes EC2 so slow that the point can be met. */
  readonly orders?: readonly Order[];
  /** EC2 sees that it is reached, not the program. */
  readonly isReached?: (ec2: Ec2Stand) => boolean;
  /** Only a real host gets there. */
  readonly isOnHost?: boolean;
}

// The plan's dry run comes before the launch.
const launch = { action: "RunInstances", after: 1 } as const;
// Instances without a host are not to be tried by ssh.
const slowConsole = { action: "GetConsoleOutput", delayMs: 400, times: 9 } as const;

const points: Readonly<Record<string, Point>> = {
  start: { most: 1_200 },
  "started make the key": { most: 30 },
  "started make sure of the security group": {
    most: 300,
    orders: ["DescribeSecurityGroups", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress"].map((action) => ({
      action,
      delayMs: 100,
    })),
  },
  "started import the key pair": { most: 200, orders: [{ action: "ImportKeyPair", delayMs: 150 }] },
  "started launch the instance": { most: 40 },
  "EC2 is asked for the instance": {
    most: 280,
    orders: [{ ...launch, delayMs: 300 }, slowConsole],
    isReached: ({ calls }) =>
      calls.some(({ action, parameters }) => action === launch.action && parameters["DryRun"] !== "true"),
  },
  "EC2 has the instance, and its answer is lost": {
    most: 60,
    orders: [{ ...launch, drop: "after", times: 3 }, slowConsole],
    isReached: (ec2) => ec2.instances().length > 0,
  },
  "started wait for its address": { most: 2_300, orders: [{ ...launch, pendingMs: 1_500 }, slowConsole] },
  "started read the host key from the console": { most: 350, orders: [slowConsole] },
  "started wait for ssh": { most: 300, isOnHost: true },
  "started delete the key pair": { most: 250, orders: [{ action: "DeleteKeyPair", delayMs: 200 }], isOnHost: true },
  "started read the host's facts": { most: 250, isOnHost: true },
};

const latest = Object.fromEntries(Object.entries(points).map(([point, { most }]) => [point, most]));

/** What is done afterwards, where so many calls after the signal do not see yet which instances there are. */
const ends = [
  { end: "resume", blind: 0 },
  { end: "rm", blind: 2 },
  { end: "gc", blind: 0 },
  { end: "resume", blind: 3 },
  { end: "rm", blind: 0 },
  { end: "gc", blind: 1 },
] as const;

interface Case {
  readonly point: string;
  /** Milliseconds after the point. */
  readonly delay: number;
  readonly end: (typeof ends)[number]["end"];
  readonly blind: number;
}

/** A command line that is to succeed; its output. */
type Succeeds = (...argv: readonly string[]) => Promise<string>;

/** Of one create that was cut off. */
interface Place {
  readonly program: Program;
  readonly ec2: Ec2Stand;
  readonly env: Readonly<Record<string, string>>;
  readonly succeeds: Succeeds;
  readonly about: string;
}

describeOnHosts("a create at EC2 that is killed", (lab) => {
  let programs: readonly Program[];
  beforeAll(async () => {
    // Four at once, as most of it is waiting.
    programs = await Promise.all(Array.from({ length: 4 }, () => lab.installProgram()));
  });

  test("at random moments, aimed at each step, leaves no instance unseen, and launches none twice", async () => {
    const hit = new Set<string>();
    let unsaved = 0;
    await shareOut(programs, aimAt(latest, ends, ends.length), async (program, { point, delay, choice }) => {
      const cut = await survives(lab, program, { point, delay, ...choice });
      if (cut.isHit) hit.add(point);
      if (cut.isUnsaved) unsaved += 1;
    });
    expect([...hit]).toEqual(expect.arrayContaining(Object.keys(points)));
    // Instances of which the store had no id.
    expect(unsaved).toBeGreaterThan(0);
  });
});

/** Cuts one create off, goes on in its way, and returns whether it was at work still and whether its launch was unsaved. */
async function survives(
  lab: Lab,
  program: Program,
  one: Case,
): Promise<{ readonly isHit: boolean; readonly isUnsaved: boolean }> {
  const about = `${one.delay.toFixed(1)} ms after "${one.point}", then ${one.end}, blind for ${String(one.blind)}`;
  const { orders = [], isReached, isOnHost = false } = points[one.point] as Point;
  const ec2 = await startEc2({
    launcher: isOnHost || one.end === "resume" ? hostLauncher(lab, "engine") : fakeLauncher(),
  });
  const env = environment(ec2);
  try {
    for (const order of orders) ec2.order(order);
    const { reached, stop } = isReached === undefined ? {} : until(() => isReached(ec2));
    const { code, stderr } = await cutOff(
      program,
      [...create, "web"],
      { ...one, signal: "SIGKILL" },
      { env, ...(reached === undefined ? {} : { reached }) },
    );
    stop?.();
    expect(stderr, about).not.toMatch(/This is a bug|^ {4}at |PRIVATE KEY/m);
    expect([null, 0], `${about}\n${stderr}`).toContain(code);
    const isUnsaved = ec2.instances().length > 0 && (await savedInstance(program)) === "";
    if (one.blind > 0) ec2.order({ action: "DescribeInstances", blind: true, times: one.blind });
    const succeeds: Succeeds = async (...argv) => {
      const ran = await program.machine(argv, { env });
      expect(ran, `${about}, then ${argv.join(" ")}`).toMatchObject({ code: 0 });
      return ran.stdout;
    };
    await after[one.end]({ program, ec2, env, succeeds, about });
    expect(ec2.instances().length, about).toBeLessThan(2);
    expect(await isStored(program), about).toBe(false);
    return { isHit: code !== 0, isUnsaved };
  } finally {
    await ec2.close();
  }
}

const create = ["create", "-d", "amazonec2", "--engine-source", "distro"];

function environment({ url }: Ec2Stand): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT: url,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

const region = "us-east-1";

/** Asks every few milliseconds until it is so. */
function until(isSo: () => boolean): { readonly reached: Promise<void>; readonly stop: () => void } {
  let isStopped = false;
  const look = async (): Promise<void> => {
    while (!isStopped && !isSo()) await sleep(2);
  };
  return { reached: look(), stop: () => (isStopped = true) };
}

const after: Readonly<Record<Case["end"], (place: Place) => Promise<void>>> = {
  /** It becomes a Docker host by the one instance, or is created where nothing had been begun. */
  async resume(place) {
    const { program, ec2, env, succeeds, about } = place;
    const row = (await succeeds("ls")).split("\n").find((line) => line.startsWith("web "));
    if (row === undefined) await succeeds(...create, "web");
    else if (row.includes("create was cut off")) await succeeds("create", "--resume", "web");
    else if (row.includes("not provisioned")) await succeeds("provision", "web");
    const served = await program.bash('eval "$(machine env web)" && docker version --format "{{.Server.Os}}"', { env });
    expect(served, about).toMatchObject({ code: 0, stdout: "linux\n" });
    expect(ec2.instances(), about).toHaveLength(1);
    expect(
      leftIn(ec2).filter((kind) => kind === "key pair"),
      about,
    ).toEqual([]);
    await this.rm(place);
  },

  /** Nothing is left, and nothing is found. */
  async rm({ program, ec2, succeeds, about }) {
    if (await isStored(program)) await succeeds("rm", "-y", "web");
    await ec2.settled();
    expect(leftIn(ec2), about).toEqual([]);
    expect(await succeeds("gc", "-d", "amazonec2"), about).toBe("");
  },

  /** The machine's directory is lost: all that is at EC2 is listed, once that shows it, and taken away. */
  async gc({ program, ec2, succeeds, about }) {
    await rm(join(program.store, "machines", "web"), { recursive: true, force: true });
    // A launch that was asked for happens even so.
    await sleep(600);
    await ec2.settled();
    const there = leftIn(ec2).sort();
    const list = async (): Promise<string[]> => kinds(await succeeds("gc", "-d", "amazonec2"));
    let listed = await list();
    for (let more = 3; more > 0 && listed.length < there.length; more--) listed = await list();
    expect(listed.sort(), about).toEqual(there);
    await succeeds("gc", "-d", "amazonec2", "--yes");
    await ec2.settled();
    expect(leftIn(ec2), about).toEqual([]);
    expect(await succeeds("gc", "-d", "amazonec2"), about).toBe("");
  },
};

/** The first column of gc's table. */
function kinds(table: string): string[] {
  const rows = table.split("\n").slice(1, -1);
  return rows.map((row) => row.split(/ {2,}/)[0] ?? "");
}

/** What of ours is at EC2, by its own account: the kind of each thing. A volume goes with its instance. */
function leftIn(ec2: Ec2Stand): string[] {
  const { machines, keyPairs, groups, volumes } = ec2.region(region);
  const live = machines.filter(({ instance }) => instance.State?.Name !== "terminated");
  return [
    ...live.map(() => "instance"),
    ...keyPairs.map(() => "key pair"),
    ...volumes.filter(({ State }) => State === "available" || live.length === 0).map(() => "volume"),
    ...groups.filter(({ GroupName }) => GroupName !== "default").map(() => "security group"),
  ];
}

async function isStored({ store }: Program): Promise<boolean> {
  return access(join(store, "machines", "web")).then(
    () => true,
    () => false,
  );
}

/** The id that the store has; undefined: it has no machine. */
async function savedInstance({ store }: Program): Promise<string | undefined> {
  const text = await readFile(join(store, "machines", "web", "config.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { Driver: { InstanceId: string } }).Driver.InstanceId;
}
