import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { finish } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { watchProcesses } from "../support/processes.js";
import type { Program } from "../support/program.js";

/** What must be in no process list and in no log. */
const password = "adminpw";
const proxyPassword = "pr0xy-s3cret";

describeOnHosts("a host that has an engine", (lab) => {
  let program: Program;
  beforeAll(async () => {
    program = await lab.installProgram();
  });

  const generic = (host: Host, user: string): string[] => [
    ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-user", user],
    ...["--generic-ssh-port", String(host.port), "--generic-ssh-key", host.keyPath],
    ...["--generic-ssh-host-key", host.hostKeyFingerprint],
  ];

  test("is adopted as root, with its options and the names that were given, none that it claims for itself", async () => {
    const host = await lab.createHost({ image: "engine", port: 2222 });
    expect(await host.exec("ip address add 8.8.8.8/24 dev eth0")).toMatchObject({ code: 0 });
    const created = await program.machine([
      ...["create", ...generic(host, "root"), "--tls-san", "db.example.com", "--engine-label", "tier=data base"],
      ...["--engine-env", "NOTE=a 'b' \"c\" $HOME %n", "--engine-opt", "max-concurrent-downloads=2", "db"],
    ]);
    expect(created).toMatchObject({ code: 0 });
    const info = await program.bash(`eval "$(machine env db)" && docker info --format '{{.Labels}} {{.Name}}'`);
    // The engine tells them in any order.
    expect(info.stdout).toMatch(/^\[(tier=data base provider=generic|provider=generic tier=data base)\] db\n$/);
    const environment = await host.exec("tr '\\0' '\\n' < /proc/$(pidof dockerd)/environ");
    expect(environment.stdout).toContain("NOTE=a 'b' \"c\" $HOME %n\n");
    const inspected = await program.machine([
      "inspect",
      "db",
      "-f",
      '{{json (index .Certificates "server.pem").Names}}',
    ]);
    expect((JSON.parse(inspected.stdout) as string[]).sort()).toEqual([host.address, "db", "db.example.com"].sort());
    expect((await program.machine(["provision", "db"])).code).toBe(0);
  });

  test("is adopted by a user whose sudo asks for a password, and nothing secret is seen on the way", async () => {
    const host = await lab.createHost({ image: "engine" });
    const file = join(program.home, "sudo-password");
    await writeFile(file, `${password}\n`);
    const watched = watchProcesses(async () => (await host.exec("ps -eo args")).stdout);
    const created = await program.machine([
      ...["-D", "create", ...generic(host, "admin"), "--sudo-password-file", file],
      ...["--engine-env", `HTTP_PROXY=http://ann:${proxyPassword}@proxy.invalid:3128`, "app"],
    ]);
    const processes = await watched();
    expect(created).toMatchObject({ code: 0 });
    expect(processes).toContain("sudo");
    for (const seen of [processes, created.stdout, created.stderr]) {
      expect(seen).not.toContain("PRIVATE KEY");
      expect(seen).not.toContain(password);
      expect(seen).not.toContain(proxyPassword);
    }
    const key = await readFile(join(program.store, "machines", "app", "server-key.pem"), "utf8");
    expect(processes).not.toContain(key.split("\n")[1]);
    expect(await readFile(join(program.store, "machines", "app", "config.json"), "utf8")).not.toContain(password);

    const before = await host.files();
    expect((await program.machine(["provision", "--sudo-password-file", file, "app"])).code).toBe(0);
    expect(await host.files()).toEqual(before);
  });

  test("needs the sudo password, and without a terminal the error says how to give it", async () => {
    const host = await lab.createHost({ image: "engine" });
    const refused = await program.machine(["create", ...generic(host, "admin"), "nopw"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("--sudo-password-file");
    expect(refused.stderr).toContain("machine provision nopw");
  });

  test("of a store that docker-machine wrote is used and provisioned as it is", async () => {
    const host = await lab.createHost({ image: "engine" });
    const old = await lab.installProgram();
    try {
      await writeReferenceStore(old, host);
      expect((await old.machine(["ip", "h2"])).stdout).toBe(`${host.address}\n`);
      expect((await old.machine(["ssh", "h2", "hostname"])).code).toBe(0);
      expect(await old.machine(["provision", "h2"])).toMatchObject({ code: 0 });
      const version = await old.bash(`eval "$(machine env h2)" && docker version`);
      expect(version).toMatchObject({ code: 0, stderr: "" });
    } finally {
      await old.remove();
    }
  });

  /** A store as 0.16.2 leaves it: its own RSA certificates, its config.json, the key copied beside, no host key. */
  async function writeReferenceStore({ store }: Program, host: Host): Promise<void> {
    const dir = join(store, "machines", "h2");
    await mkdir(dir, { recursive: true });
    await mkdir(join(store, "certs"));
    const golden = await readFile(join(import.meta.dirname, "..", "store", "fixtures", "config-generic.json"), "utf8");
    const config = golden.replaceAll("/home/me/.docker/machine", store).replaceAll("172.17.0.3", host.address);
    await writeFile(join(dir, "config.json"), config, { mode: 0o600 });
    await writeFile(join(dir, "key"), await readFile(host.keyPath), { mode: 0o600 });
    const openssl = async (args: string): Promise<void> => {
      const { code, stderr } = await finish("sh", ["-ec", `cd '${store}/certs'; ${args}`]);
      if (code !== 0) throw new Error(stderr);
    };
    const extensions = "printf 'extendedKeyUsage=clientAuth\\nkeyUsage=critical,digitalSignature\\n' > ext";
    await openssl("openssl genrsa -traditional -out ca-key.pem 2048 && openssl genrsa -traditional -out key.pem 2048");
    await openssl("openssl req -x509 -new -key ca-key.pem -subj /O=ann -days 1080 -out ca.pem");
    await openssl(`openssl req -new -key key.pem -subj '/O=ann.<bootstrap>' -out csr && ${extensions}`);
    await openssl(
      "openssl x509 -req -in csr -CA ca.pem -CAkey ca-key.pem -days 1080 -extfile ext -out cert.pem; rm csr ext",
    );
  }
});
