import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { clientPaths, contextPaths, engineInUse } from "../../src/docker/client-config.js";
import * as docker from "../../src/docker/context.js";
import { onSmallDisk, workers } from "../store/support.js";
import { finish, output, type Finished } from "../support/command.js";

const url = "tcp://192.0.2.7:2376";
const credentials = { ca: "the ca", cert: "the certificate", key: "the key" };
const web: docker.Context = { name: "web", description: "Machine web", url, credentials };

let folder: string;
let ours: docker.Contexts;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "docker-config-"));
  ours = { folder, owner: "our store", command: "test" };
  onTestFinished(() => rm(folder, { recursive: true }));
});

/** Runs the stock client with this configuration. */
function client(...args: string[]): Promise<Finished> {
  return finish("docker", args, { env: { PATH: process.env["PATH"], DOCKER_CONFIG: folder } });
}

/** What the client says where it is content. */
async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await client(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
}

async function inspected(name: string): Promise<unknown> {
  const found = JSON.parse(await answer("context", "inspect", name)) as readonly unknown[];
  return found[0];
}

const asWritten = {
  Name: "web",
  Metadata: { Description: "Machine web", MachineStore: "our store" },
  Endpoints: { docker: { Host: url, SkipTLSVerify: false } },
  TLSMaterial: { docker: ["ca.pem", "cert.pem", "key.pem"] },
};

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

/** Every file with its bytes. */
async function contents(): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(async (path) => [path, await readFile(path, "utf8")] as const);
  return Object.fromEntries(await Promise.all(read));
}

describe("a context that was written", () => {
  test("is one for the stock docker client, which finds the credentials, and nobody else does", async () => {
    expect(await docker.writeContext(ours, web)).toBe(true);
    expect(await inspected("web")).toMatchObject(asWritten);
    const { endpoint, meta } = contextPaths(folder, "web");
    expect(await readFile(join(endpoint, "key.pem"), "utf8")).toBe("the key");
    expect(await modeOf(join(endpoint, "key.pem"))).toBe("600");
    expect(await modeOf(endpoint)).toBe("700");
    expect(await modeOf(dirname(dirname(meta)))).toBe("700");
    expect(docker.hasContext(ours, "web")).toBe(true);
  });

  test("is left alone where it is right, and else gets what has changed, but keeps what others have put there", async () => {
    await docker.writeContext(ours, web);
    await client("context", "update", "--description", "my own words", "web");
    expect(await docker.writeContext(ours, web)).toBe(false);
    const moved = { ...web, url: "tcp://192.0.2.8:2376", credentials: { ...credentials, key: "another key" } };
    expect(await docker.writeContext(ours, moved)).toBe(true);
    expect(await inspected("web")).toMatchObject({
      Metadata: { Description: "my own words", MachineStore: "our store" },
      Endpoints: { docker: { Host: "tcp://192.0.2.8:2376" } },
    });
    expect(await readFile(join(contextPaths(folder, "web").endpoint, "key.pem"), "utf8")).toBe("another key");
  });

  test("has no credentials where its engine is reached without TLS, also where it had some", async () => {
    await docker.writeContext(ours, web);
    await docker.writeContext(ours, { ...web, url: "ssh://web", credentials: undefined });
    expect(await inspected("web")).toMatchObject({ Endpoints: { docker: { Host: "ssh://web" } }, TLSMaterial: {} });
  });

  test.each(["default", "w", "two words", ""])("cannot have the name %j", async (name) => {
    await expect(docker.writeContext(ours, { ...web, name })).rejects.toMatchObject({ code: "unsupported" });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a context without the store's mark", () => {
  test.each([
    ["of the docker client's own", () => client("context", "create", "web", "--docker", "host=tcp://192.0.2.1:2375")],
    ["of another store", () => docker.writeContext({ ...ours, owner: "their store" }, web)],
  ])("%s stays as it is", async (_, make) => {
    await make();
    const before = await contents();
    expect(docker.hasContext(ours, "web")).toBe(false);
    await expect(docker.writeContext(ours, web)).rejects.toMatchObject({ code: "exists" });
    expect(await docker.removeContext(ours, "web")).toBe(false);
    expect(docker.contextNames(ours)).toEqual([]);
    expect(await contents()).toEqual(before);
  });
});

describe("removing a context", () => {
  test("leaves nothing of it, and the others", async () => {
    await docker.writeContext(ours, web);
    await docker.writeContext(ours, { ...web, name: "db" });
    expect(await docker.removeContext(ours, "web")).toBe(true);
    expect(await docker.removeContext(ours, "web")).toBe(false);
    expect(docker.contextNames(ours)).toEqual(["db"]);
    const files = Object.keys(await contents());
    expect(files.filter((path) => !path.includes(contextPaths("", "db").metaDir.slice(-64)))).toEqual([]);
  });

  test("gives the docker client its default again where it was the current one", async () => {
    await docker.writeContext(ours, web);
    await docker.useContext(ours, "web");
    expect(await answer("context", "show")).toBe("web");
    await docker.removeContext(ours, "web");
    expect(await answer("context", "show")).toBe("default");
    await answer("context", "ls");
  });

  test("takes keys away that a writing left behind which was cut off before its last file", async () => {
    await docker.writeContext(ours, web);
    await rm(contextPaths(folder, "web").meta);
    expect(await docker.removeContext(ours, "web")).toBe(true);
    expect(await contents()).toEqual({});
  });
});

describe("the docker client's config.json", () => {
  const text = '{\n\t"auths": {\n\t\t"r.example": {}\n\t},\n\t"N": 12345678901234567890\n}';

  test("keeps its other members, its mode, and its place behind a link, and is as it was in the end", async () => {
    const { config } = clientPaths(folder);
    const real = join(folder, "dotfiles", "docker.json");
    await mkdir(dirname(real));
    await writeFile(real, text);
    await chmod(real, 0o640);
    await symlink(real, config);
    await docker.useContext(ours, "web");
    expect(await readFile(real, "utf8")).toBe(text.replace(/\n}$/, ',\n\t"currentContext": "web"\n}'));
    expect(await modeOf(real)).toBe("640");
    await docker.useContext(ours, undefined);
    expect(await readFile(config, "utf8")).toBe(text);
    expect(await readdir(dirname(real))).toEqual(["docker.json"]);
  });

  test("is left as it is where it is broken", async () => {
    const { config } = clientPaths(folder);
    await writeFile(config, text.slice(0, -2));
    await expect(docker.useContext(ours, "web")).rejects.toThrow(`${config} cannot be read: unexpected end`);
    expect(await readFile(config, "utf8")).toBe(text.slice(0, -2));
  });

  test("loses nothing to many commands at once, of several stores", async () => {
    await writeFile(clientPaths(folder).config, text);
    const names = ["a1", "a2", "a3", "a4", "a5", "a6"];
    const works = names.map(async (name, index) => {
      const contexts = { ...ours, owner: `store ${String(index % 2)}` };
      await docker.writeContext(contexts, { ...web, name });
      await docker.useContext(contexts, name);
    });
    await Promise.all(works);
    const shown = await answer("context", "ls", "--format", "{{.Name}}");
    expect(shown.split("\n")).toEqual([...names, "default"]);
    expect(names).toContain(await answer("context", "show"));
    expect(await readFile(clientPaths(folder).config, "utf8")).toContain('"N": 12345678901234567890');
  });
});

describe("the engine in use", () => {
  test("is that of DOCKER_HOST, of DOCKER_CONTEXT, of config.json, in the order of the docker client", async () => {
    const base = { DOCKER_CONFIG: folder };
    expect(engineInUse(base)).toBeUndefined();
    await docker.writeContext(ours, web);
    await docker.writeContext(ours, { ...web, name: "db", url: "tcp://192.0.2.9:2376" });
    await docker.useContext(ours, "web");
    expect(engineInUse(base)).toBe(url);
    expect(engineInUse({ ...base, DOCKER_CONTEXT: "db" })).toBe("tcp://192.0.2.9:2376");
    expect(engineInUse({ ...base, DOCKER_CONTEXT: "default" })).toBeUndefined();
    expect(engineInUse({ ...base, DOCKER_CONTEXT: "db", DOCKER_HOST: "tcp://h:1" })).toBe("tcp://h:1");
    await writeFile(clientPaths(folder).config, "{");
    expect(engineInUse(base)).toBeUndefined();
  });
});

describe("contexts that are cut off or cannot be written", () => {
  test("by SIGKILL at any moment leave the docker client at work, and are right after the next time", async () => {
    const { start, stop } = await workers();
    onTestFinished(stop);
    for (let round = 0; round < 20; round++) {
      const worker = start("contexts", folder, "web");
      await worker.says("changed");
      await sleep(round * 3);
      worker.child.kill("SIGKILL");
      await worker.end;
      const all = await answer("context", "ls", "--format", "{{.Name}}");
      expect(all.split("\n")).toContain(await answer("context", "show"));
    }
    const contexts = { ...ours, owner: "store" };
    await docker.writeContext(contexts, web);
    await docker.useContext(contexts, "web");
    expect(await inspected("web")).toMatchObject({
      Endpoints: asWritten.Endpoints,
      TLSMaterial: asWritten.TLSMaterial,
    });
    expect(Object.keys(await contents()).filter((path) => path.includes(".new-"))).toEqual([]);
  });

  test("on a full disk leave what was there", async (context) => {
    await onSmallDisk(context, folder, async (disk) => {
      folder = disk;
      const contexts = { ...ours, folder: disk };
      await docker.writeContext(contexts, web);
      await output("sh", ["-c", 'cat /dev/zero >"$1" || true', "sh", join(disk, "filler")]);
      const large = { ...credentials, key: "k".repeat(100_000) };
      await expect(docker.writeContext(contexts, { ...web, credentials: large })).rejects.toThrow("no space left");
      await expect(docker.writeContext(contexts, { ...web, name: "db" })).rejects.toMatchObject({ code: "failed" });
      expect(await inspected("web")).toMatchObject(asWritten);
      expect(await docker.removeContext(contexts, "web")).toBe(true);
    });
  });
});
