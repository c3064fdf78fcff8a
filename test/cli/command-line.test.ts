import { expect, test } from "vitest";
import { defineCommand, type Command } from "../../src/cli/command.js";
import { readCommandLine } from "../../src/cli/command-line.js";
import { text, type Option } from "../../src/driver/index.js";

const driver = text({ help: "", short: "d", env: "MACHINE_DRIVER", default: "container" });

function command(takesDriver: "always" | "typed", option: Option<unknown> = driver): Command {
  return defineCommand({ usage: "", options: { driver: option }, takesDriver, run: () => Promise.resolve() });
}

test.each([
  [["web", "-d", "none", "-d", "qemu"], { MACHINE_DRIVER: "generic" }, { driver: "qemu" }, "none"],
  [["--driver=none"], { MACHINE_DRIVER: "generic" }, { driver: "qemu" }, "none"],
  [["web", "--", "-d", "none"], { MACHINE_DRIVER: "generic" }, { driver: "qemu" }, "generic"],
  [["-d", ""], { MACHINE_DRIVER: "generic" }, { driver: "qemu" }, "generic"],
  [[], { MACHINE_DRIVER: "" }, { driver: "qemu" }, "qemu"],
  [[], {}, {}, "container"],
])("%j with the variables %j and the settings %j chooses the driver %s", async (argv, env, settings, name) => {
  const { chosen } = await readCommandLine(command("always"), argv, { env, settings }, "/nonexistent");
  expect(chosen?.driver.name).toBe(name);
});

test("a driver that counts only where it is typed is not taken from the settings", async () => {
  const only = command("typed", text({ help: "", short: "d", env: null }));
  const presets = { env: { MACHINE_DRIVER: "generic" }, settings: { driver: "qemu" } };
  expect((await readCommandLine(only, ["web"], presets, "/nonexistent")).chosen).toBeUndefined();
  expect((await readCommandLine(only, ["-d", "none", "web"], presets, "/nonexistent")).chosen?.driver.name).toBe(
    "none",
  );
});

test("flags of the chosen driver may stand before it, and go before its variables, which go before settings", async () => {
  const argv = ["--generic-ip-address", "192.0.2.7", "web", "-d", "generic"];
  const env = { GENERIC_IP_ADDRESS: "192.0.2.8", GENERIC_SSH_USER: "ann" };
  const settings = { "generic-ssh-user": "bob", "generic-ssh-port": "2222" };
  const { args, chosen } = await readCommandLine(command("always"), argv, { env, settings }, "/nonexistent");
  expect(args).toEqual(["web"]);
  expect(chosen?.values).toMatchObject({ ipAddress: "192.0.2.7", sshUser: "ann", sshPort: 2222 });
});
