import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Call } from "./call.js";
import type { Machine, Medium, Nic } from "./state.js";

/**
 * Writes a VM's settings file: enough of its XML for those who read forwards and ids in it, and all of the VM in a
 * comment, which registervm reads.
 */
export function writeSettings({ state }: Pick<Call, "state">, machine: Machine): void {
  mkdirSync(dirname(machine.settingsFile), { recursive: true });
  const adapters = machine.hardware.nics.map(adapter).join("");
  const disks = disksOf(machine);
  const media = state.media.filter((each) => disks.includes(each.uuid));
  const all = Buffer.from(JSON.stringify({ machine, media })).toString("base64");
  writeFileSync(
    machine.settingsFile,
    `<?xml version="1.0"?>
<!-- ${all} -->
<VirtualBox xmlns="http://www.virtualbox.org/" version="1.16-linux">
  <Machine uuid="{${machine.uuid}}" name="${escape(machine.name)}" OSType="${machine.hardware.osType}">
    <Hardware>
      <Network>
${adapters}      </Network>
    </Hardware>
  </Machine>
</VirtualBox>
`,
  );
}

/** @returns undefined for what is no settings file of the stand-in's */
export function readSettings(file: string): Settings | undefined {
  const all = /<!-- (\S+) -->/.exec(readFileSync(file, "utf8"))?.[1];
  return all === undefined ? undefined : (JSON.parse(Buffer.from(all, "base64").toString()) as Settings);
}

/** A VM and the media that it has. */
export interface Settings {
  readonly machine: Machine;
  readonly media: readonly Medium[];
}

/** Ids of all its media, also of those that only a snapshot has. */
export function disksOf(machine: Machine): readonly string[] {
  const hardware = [machine.hardware, ...machine.snapshots.map((each) => each.hardware)];
  const attachments = hardware.flatMap((each) => each.controllers).flatMap((each) => each.attachments);
  return [...new Set(attachments.map((each) => each.medium))];
}

function adapter(nic: Nic, slot: number): string {
  const forwards = nic.forwards.map(
    ({ name, hostIp, hostPort, guestIp, guestPort, protocol }) =>
      `            <Forwarding name="${escape(name)}" proto="${protocol === "tcp" ? "1" : "0"}" hostip="${hostIp}" ` +
      `hostport="${String(hostPort)}" guestip="${guestIp}" guestport="${String(guestPort)}"/>\n`,
  );
  const nat = `          <NAT>\n${forwards.join("")}          </NAT>\n`;
  const enabled = nic.attachment === "none" ? "false" : "true";
  return (
    `        <Adapter slot="${String(slot)}" enabled="${enabled}" MACAddress="${nic.mac}" type="${nic.type}">\n` +
    `${nat}        </Adapter>\n`
  );
}

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}
