import { appendFileSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import type { Call, Command } from "./call.js";
import { createVm, registerVm, unregisterVm } from "./commands/create.js";
import { getExtraData, guestProperty, setExtraData, sharedFolder } from "./commands/data.js";
import { dhcpServer } from "./commands/dhcp.js";
import { hostOnlyIf } from "./commands/hostonly.js";
import { hostOnlyNet } from "./commands/hostonlynet.js";
import { importAppliance } from "./commands/import.js";
import { showVmInfo } from "./commands/info.js";
import { list } from "./commands/list.js";
import {
  cloneMedium,
  closeMedium,
  convertFromRaw,
  createMedium,
  modifyMedium,
  showMediumInfo,
} from "./commands/medium.js";
import { modifyVm } from "./commands/modify.js";
import { setProperty } from "./commands/property.js";
import { snapshot } from "./commands/snapshot.js";
import { storageAttach, storageCtl } from "./commands/storage.js";
import { takeFault } from "./faults.js";
import { controlVm, discardState } from "./power/control.js";
import { observe } from "./power/observe.js";
import { startVm } from "./power/start.js";
import { argumentError, apiError, isRefusal, notImplemented, refusalText, resultText, plainError } from "./refusal.js";
import { type Release, fullVersion, hasHostOnlyNets, ownFile } from "./release.js";
import { withState } from "./state.js";

const commands: Readonly<Record<string, Command>> = {
  ...{ list, showvminfo: showVmInfo, createvm: createVm, registervm: registerVm, unregistervm: unregisterVm },
  ...{ modifyvm: modifyVm, storagectl: storageCtl, storageattach: storageAttach },
  ...{ createmedium: createMedium, createhd: createMedium, clonemedium: cloneMedium, clonehd: cloneMedium },
  ...{ modifymedium: modifyMedium, modifyhd: modifyMedium, closemedium: closeMedium, showmediuminfo: showMediumInfo },
  ...{ showhdinfo: showMediumInfo, convertfromraw: convertFromRaw, startvm: startVm, controlvm: controlVm },
  ...{ discardstate: discardState, hostonlyif: hostOnlyIf, dhcpserver: dhcpServer, guestproperty: guestProperty },
  ...{ sharedfolder: sharedFolder, setextradata: setExtraData, getextradata: getExtraData, snapshot },
  ...{ setproperty: setProperty, import: importAppliance },
};

/** What VirtualBox has and the stand-in has not. */
const unknown = `clonevm movevm export adoptstate encryptvm encryptmedium checkmediumpwd internalcommands debugvm
  guestcontrol metrics natnetwork extpack bandwidthctl usbfilter usbdevsource unattended cloud cloudprofile mediumio
  mediumproperty modifynvram signova updatecheck`.split(/\s+/);

async function main(): Promise<number> {
  const home = process.env["VBOX_USER_HOME"];
  if (home === undefined) throw new Error("(stand-in) VBOX_USER_HOME is not set");
  const release = JSON.parse(readFileSync(ownFile(home, "release.json"), "utf8")) as Release;
  const written = { stdout: "", stderr: "" };
  const print = (line: string): void => void (written.stdout += `${line}\n`);
  const complain = (text: string): void => void (written.stderr += text);
  const args = process.argv.slice(2).filter((each) => each !== "-q" && each !== "--nologo");
  const begun = Date.now();
  const code = await run({ home, release, print, complain }, args);
  process.stdout.write(written.stdout);
  process.stderr.write(written.stderr);
  const entry = { args: process.argv.slice(2), code, ...written, milliseconds: Date.now() - begun };
  appendFileSync(ownFile(home, "calls.jsonl"), `${JSON.stringify(entry)}\n`);
  return code;
}

type Beginning = Omit<Call, "state" | "fault">;

async function run(call: Beginning, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined) throw Object.assign(argumentError("No command specified"), { usage: true });
    if (["--version", "-v", "-V"].includes(name)) {
      call.print(fullVersion(call.release));
      return 0;
    }
    const fault = (kind: string): boolean => takeFault(call.home, kind, args);
    if (fault("not-ready")) throw notReady(call.release);
    if (fault("error-with-success"))
      throw Object.assign(plainError("Failed to create the VM session"), { exitCode: 0 });
    const command = find(call.release, name);
    await withState(call.home, async (state) => {
      const whole: Call = { ...call, state, fault };
      await observe(whole);
      await command(whole, rest);
    });
    return 0;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    call.complain(refusalText(call.release, error, usageOf(name ?? "")));
    return error.exitCode;
  }
}

function find(release: Release, name: string): Command {
  const command = name === "hostonlynet" && hasHostOnlyNets(release) ? hostOnlyNet : commands[name];
  if (command) return command;
  if (unknown.includes(name)) throw notImplemented(name);
  throw Object.assign(argumentError(`Invalid command '${name}'`), { usage: true });
}

function notReady(release: Release): Error {
  const text = resultText(release, "ACCESSDENIED");
  const error = apiError(release, "FAIL", "The object is not ready", ["VirtualBox"]);
  return Object.assign(error, {
    lines: [
      "The object is not ready",
      `Details: code ${text}, component VirtualBoxWrap, interface IVirtualBox, callee nsISupports`,
    ],
  });
}

function usageOf(name: string): string {
  return `Usage:\n\n  VBoxManage ${name} ...\n`;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`(stand-in) ${inspect(error)}\n`);
    process.exitCode = 99;
  },
);
