import type { Host } from "../support/host.js";
import { type Contender, perform, sampleName } from "./contender.js";
import { type Medians, type Sample, alternate } from "./measure.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

/** The name of the machine that is made and removed again and again. */
const name = "made";

/** `create` on a host that has an engine, over one ssh connection and one restart of the engine. */
export async function create(bench: Bench): Promise<Row[]> {
  const host = await bench.host({ image: "engine" });
  await prepare(host);
  const ours = await bench.machine();
  const theirs = await bench.dockerMachine();
  const [first, again] = ["create, first of a store", "create, engine present"];
  const adopt = (contender: Contender, what: string): Sample => ({
    name: sampleName(contender, what),
    prepare: async () => {
      await forget(contender);
      if (what === first) await contender.remove();
      await reset(host);
    },
    run: () => perform(contender.command(["create", ...generic(host), name])),
  });
  const contenders = theirs === undefined ? [ours] : [ours, theirs];
  const samples = contenders.flatMap((one) => [adopt(one, first), adopt(one, again)]);
  const median = await alternate([...floors(host), ...samples], bench.quick ? 2 : 7);
  const floor = { of: "ssh + restart", measured: median(ssh) + median(restart) };
  const row = (what: string) => ({
    name: what,
    unit: "s" as const,
    measured: median(sampleName(ours, what)),
    floor,
    target: 2.5,
    reference: theirs && median(sampleName(theirs, what)),
  });
  return [...floorRows(median), row(again), row(first)];
}

/** `create` on a host without an engine, over the install script, one ssh connection and one restart. */
export async function bare(bench: Bench): Promise<Row[]> {
  const { url } = await bench.installServer();
  const ours = await bench.machine();
  const theirs = await bench.dockerMachine();
  const installed = await bench.host({ image: "engine" });
  let host = installed;
  const fresh = async (): Promise<void> => {
    if (host !== installed) await host.remove();
    host = await bench.host({ image: "bare" });
    await host.exec(linkForDockerMachine);
  };
  const make = (contender: Contender): Sample => ({
    name: sampleName(contender, "create"),
    prepare: async () => {
      await forget(contender);
      await fresh();
    },
    run: () =>
      perform(contender.command(["create", ...generic(host), "--engine-install-url", `${url}/install.sh`, name])),
  });
  const script: Sample = {
    name: "install script",
    prepare: fresh,
    run: () => insideHost(host, `curl -fsSL ${url}/install.sh | sh >/dev/null 2>&1`),
  };
  const samples = [script, make(ours), ...(theirs === undefined ? [] : [make(theirs)])];
  const median = await alternate([...floors(installed), ...samples], bench.quick ? 1 : 3);
  return [
    { name: "install script alone", unit: "s", measured: median(script.name) },
    {
      name: "create, bare host",
      unit: "s",
      measured: median(sampleName(ours, "create")),
      floor: { of: "script + ssh + restart", measured: median(script.name) + median(ssh) + median(restart) },
      reference: theirs && median(sampleName(theirs, "create")),
    },
  ];
}

const [ssh, restart] = ["ssh connection with a command", "engine restart"];

function floors(host: Host): Sample[] {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
  const argv = [
    ...["ssh", "-F", "none", ...options.flatMap((option) => ["-o", option])],
    ...["-i", host.keyPath, "-p", String(host.port), `user@${host.address}`, "true"],
  ];
  return [
    { name: ssh, run: () => perform({ argv }) },
    { name: restart, prepare: () => reset(host), run: () => insideHost(host, "systemctl restart docker") },
  ];
}

function floorRows(median: Medians): Row[] {
  return [ssh, restart].map((what) => ({ name: what, unit: "s", measured: median(what) }));
}

function generic(host: Host): string[] {
  return [
    ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-port", String(host.port)],
    ...["--generic-ssh-user", "user", "--generic-ssh-key", host.keyPath],
  ];
}

async function forget(contender: Contender): Promise<void> {
  const names = await perform(contender.command(["ls", "-q"]));
  if (names !== "") await perform(contender.command(["rm", "-f", "-y", name]));
}

/** docker-machine writes this path into the unit; Debian has its engine elsewhere. */
const linkForDockerMachine = "ln -sf /usr/sbin/dockerd /usr/bin/dockerd";

/** docker-machine updates apt's lists each time: without sources the network has no part in it. */
async function prepare(host: Host): Promise<void> {
  await insideHost(host, `${linkForDockerMachine}; : >/etc/apt/sources.list; rm -f /etc/apt/sources.list.d/*`);
}

/** The host as it was before the first create: an engine without certificates, ready on its local socket only. */
async function reset(host: Host): Promise<void> {
  await insideHost(
    host,
    `rm -rf /etc/docker /etc/systemd/system/docker.service.d
     echo ${host.name} >/etc/hostname
     hostname ${host.name}
     printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n' ${host.name} >/etc/hosts
     systemctl daemon-reload
     systemctl reset-failed docker.service docker.socket 2>/dev/null
     systemctl stop docker.service docker.socket
     systemctl start docker.socket docker.service`,
  );
}

/** Runs a command as root, not over ssh. Resolves with the seconds that it took by the host's own clock. */
async function insideHost(host: Host, command: string): Promise<number> {
  const timed = `begin=$(date +%s%N); { ${command}\n}; status=$?; echo $(($(date +%s%N) - begin)); exit $status`;
  const { stdout, stderr, code } = await host.exec(timed);
  if (code !== 0) throw new Error(`${host.name}: ${command}: exit status ${String(code)}\n${stderr}`);
  return Number(stdout) / 1e9;
}
