import { expect, test } from "vitest";
import { boolean, choice, integer, list, text } from "../../src/driver/index.js";
import { commandHelp, programHelp } from "../../src/cli/help.js";

test("help of a command tells each option's names, values, default and variable", () => {
  const options = {
    format: text({ help: "Format of the output", short: "f" }),
    cpuCount: integer({ help: "Number of CPUs", default: 2 }),
    engineEnv: list({ help: "Variable of the engine" }),
    uiType: choice(["gui", "headless"], { help: "Window", default: "headless" }),
    quiet: boolean({ help: "Names only", env: "QUIET" }),
    image: text({ help: "Image", default: "" }),
    token: text({ help: "Token", default: "t0p-secret", secret: true }),
  };
  const sections = [
    { title: "Options", options: {} },
    { title: "Options of the driver vm", options, prefix: "vm" },
  ];
  expect(commandHelp("machine", "create", "[OPTIONS] NAME", "Create a machine", sections)).toBe(
    `Usage: machine create [OPTIONS] NAME

Create a machine

Options of the driver vm:
  --vm-format, -f VALUE
      Format of the output ($VM_FORMAT)
  --vm-cpu-count VALUE
      Number of CPUs (default 2; $VM_CPU_COUNT)
  --vm-engine-env VALUE...
      Variable of the engine ($VM_ENGINE_ENV)
  --vm-ui-type VALUE
      Window (one of gui, headless; default headless; $VM_UI_TYPE)
  --vm-quiet
      Names only ($QUIET)
  --vm-image VALUE
      Image ($VM_IMAGE)
  --vm-token VALUE
      Token ($VM_TOKEN)`,
  );
});

test("help of the program aligns the summaries of its commands", () => {
  const rows = [
    ["ls", "List machines"],
    ["create", "Create a machine"],
  ] as const;
  const shown = programHelp("machine", "1.2.3", rows, { debug: boolean({ help: "Print more", short: "D" }) });
  expect(shown).toContain("Version: 1.2.3\n");
  expect(shown).toContain("Options:\n  --debug, -D\n      Print more\n");
  expect(shown).toContain("Commands:\n  ls      List machines\n  create  Create a machine\n");
});
