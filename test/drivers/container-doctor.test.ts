import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checks } from "../../drivers/container/doctor.js";
import { fakeIo, type Script } from "../../src/driver/conformance.js";
import { MachineError } from "../../src/driver/index.js";
import { said } from "./said.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-doctor-"));
});
afterAll(() => rm(folder, { recursive: true }));

const noImage = new MachineError("failed", "image inspect", { output: "Error: No such image: machine-node" });
const up = {
  "docker context inspect": "unix:///run/docker.sock\n",
  "docker version": "29.1.0\n",
  "docker image inspect": noImage,
};
const podmanUp = { "podman version": "5.4.2\n", "podman image inspect": noImage };
const missing = (program: string): MachineError => new MachineError("failed", `${program} is not installed`);

interface Case {
  readonly program?: "docker" | "podman";
  readonly limit?: string;
  readonly isRoot?: boolean;
}

async function doctor(script: Script, { program = "docker", limit = "128", isRoot = false }: Case = {}) {
  const file = join(folder, "max_user_instances");
  await writeFile(file, `${limit}\n`);
  return said(checks(program, file, isRoot), fakeIo(script));
}

describe("the doctor of the container driver", () => {
  test("names the engine that answers, and the one that machines get", async () => {
    expect(await doctor({ ...up, "docker image inspect": "26.1.5+dfsg1\n" })).toContainEqual(
      expect.stringMatching(/^ok image: machine-node:[0-9a-f]{12} holds engine 26\.1\.5\+dfsg1; $/),
    );
    expect(await doctor(up)).toEqual([
      "ok engine: docker answers at unix:///run/docker.sock; ",
      "ok image: the first machine builds its image; ",
      "ok inotify: inotify instances for about 10 machines, which the first one raises; ",
    ]);
  });

  test("says as a create does why an engine cannot be used, and nothing of limits then", async () => {
    const denied = new MachineError("failed", "docker version", { output: "permission denied" });
    expect(await doctor({ ...up, "docker version": denied })).toEqual([
      expect.stringMatching(/^problem engine: the docker engine .*does not answer.*; .*join the group docker/),
    ]);
    expect(await doctor({ docker: missing("docker"), podman: missing("podman") })).toEqual([
      expect.stringMatching(
        /^problem engine: .*docker, which is not installed.*; install it .*apt-get install docker.io/,
      ),
    ]);
  });

  test("points at the engine that is there where the chosen one is not", async () => {
    expect(await doctor({ docker: missing("docker"), ...podmanUp })).toEqual([
      "warning engine: docker is not installed, but podman is; machine settings set container-program podman",
    ]);
  });

  test("warns of few inotify instances where nobody can raise them", async () => {
    const rootless = { ...up, "docker context inspect": "unix:///run/user/1000/docker.sock\n" };
    expect(await doctor(rootless)).toContainEqual(
      expect.stringMatching(
        /^warning inotify: .*about 10 machines, .*without root cannot raise; sudo sysctl fs\.inotify/,
      ),
    );
    const podman = { program: "podman" } as const;
    expect(await doctor(podmanUp, podman)).toContainEqual(expect.stringMatching(/^warning inotify/));
    expect(await doctor(podmanUp, { ...podman, limit: "8192" })).toEqual([
      "ok engine: podman answers; ",
      "ok image: the first machine builds its image; ",
      "ok inotify: inotify instances for about 682 machines; ",
    ]);
    expect(await doctor(podmanUp, { ...podman, isRoot: true })).toContainEqual(expect.stringMatching(/^ok inotify/));
  });
});
