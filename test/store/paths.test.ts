import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerFolder, machinePaths, storePaths, storeRoot } from "../../src/store/paths.js";

describe("the root of the store", () => {
  const env = { HOME: "/home/me", USERPROFILE: "/profiles/me", MACHINE_STORAGE_PATH: "/srv/machines" };

  it("is the flag's, else the variable's, else in the user's home", () => {
    expect(storeRoot(env, "/flag", "linux")).toBe("/flag");
    expect(storeRoot(env, undefined, "linux")).toBe("/srv/machines");
    expect(storeRoot({ ...env, MACHINE_STORAGE_PATH: "" }, "", "linux")).toBe("/home/me/.docker/machine");
    expect(storeRoot({ ...env, MACHINE_STORAGE_PATH: "" }, "", "win32")).toBe("/profiles/me/.docker/machine");
  });

  it("is absolute, also when a relative one was asked for", () => {
    expect(storeRoot(env, "machines")).toBe(resolve("machines"));
    expect(storeRoot({ ...env, MACHINE_STORAGE_PATH: "." })).toBe(resolve("."));
  });

  it("does without a home in the environment", () => {
    expect(storeRoot({}, "", "linux")).toMatch(/^\/.*\.docker\/machine$/);
  });
});

it("knows the docker client's folder by DOCKER_CONFIG, else in the user's home", () => {
  const env = { HOME: "/home/me", USERPROFILE: "/profiles/me" };
  expect(dockerFolder({ ...env, DOCKER_CONFIG: "/srv/docker" }, "linux")).toBe("/srv/docker");
  expect(dockerFolder({ ...env, DOCKER_CONFIG: "" }, "linux")).toBe("/home/me/.docker");
  expect(dockerFolder(env, "win32")).toBe("/profiles/me/.docker");
});

it("keeps docker-machine's layout", () => {
  const { certs, machines } = storePaths("/s");
  expect(certs).toEqual({
    dir: "/s/certs",
    ca: "/s/certs/ca.pem",
    caKey: "/s/certs/ca-key.pem",
    cert: "/s/certs/cert.pem",
    key: "/s/certs/key.pem",
  });
  const machine = machinePaths("/s", "n1");
  expect(machine.dir).toBe(join(machines, "n1"));
  const names = ["config.json", "config.json.bak", "ca.pem", "cert.pem", "key.pem", "server.pem", "server-key.pem"];
  expect(Object.values(machine)).toEqual(expect.arrayContaining(names.map((name) => `/s/machines/n1/${name}`)));
});
