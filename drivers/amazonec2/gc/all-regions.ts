import { messageOf, type Io, type Resource, isExpected } from "../../../src/driver/index.js";
import { openRegions } from "../api/client.js";
import type { Ec2 } from "../api/calls.js";
import { codeOf } from "../api/failure.js";
import { settingsOf } from "../api/settings.js";
import { findResources } from "./find-resources.js";
import type { Ec2Options } from "../options.js";

/**
 * All that is marked as a store's: in the region that was named, else in every one that is enabled for the account, as
 * nothing tells where a machine was whose config.json is gone. Regions that refuse are told of.
 * @throws MachineError where all of them refuse
 */
export async function findEverywhere(given: Ec2Options, owner: string, io: Io): Promise<Resource[]> {
  const settings = await settingsOf(given, { ...io, notice: () => undefined });
  const home = settings.Region;
  const open = await openRegions(settings, io);
  // The variable says where machines are made, not where to look for them.
  const isNamed = given.region !== undefined && given.region !== io.env["AWS_DEFAULT_REGION"];
  const regions = isNamed ? [home] : await enabledRegions(open(home), home, io);
  const found = await Promise.allSettled(regions.map((region) => findResources(open(region), region, owner)));
  const resources = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refusals = new Map<string, string[]>();
  for (const [index, one] of found.entries()) {
    if (one.status === "fulfilled") continue;
    const reason: unknown = one.reason;
    if (!isExpected(reason) || resources.length === 0) throw reason;
    refusals.set(reason.message, [...(refusals.get(reason.message) ?? []), regions[index] ?? ""]);
  }
  for (const [reason, some] of refusals) io.notice(`not looked into: ${some.join(", ")}: ${reason}`);
  return resources.flat();
}

/** The home region first; that one alone where EC2 does not tell of others. */
async function enabledRegions(ec2: Ec2, home: string, { notice }: Io): Promise<string[]> {
  const { Regions = [] } = await ec2.call("DescribeRegions", {}).catch((error: unknown) => {
    if (codeOf(error) === undefined) throw error;
    notice(`only ${home} is looked into: ${messageOf(error)}`);
    return { Regions: [] };
  });
  return [...new Set([home, ...Regions.flatMap(({ RegionName }) => RegionName ?? [])])];
}
