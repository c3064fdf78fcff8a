import type { Context, Handler } from "./context.js";
import { CreateTags } from "./create-tags.js";
import { failure, isFailure } from "./failure.js";
import * as groups from "./groups.js";
import * as images from "./images.js";
import * as instances from "./instances.js";
import * as keys from "./keys.js";
import type { Launcher } from "./launcher.js";
import { actionNamed } from "./model.js";
import * as network from "./network.js";
import { newOrders, type Order, type Orders } from "./orders.js";
import { readParameters } from "./parameters.js";
import { type Machine, newRegion, type Region } from "./region.js";
import { RunInstances } from "./run-instances.js";
import { type Account, authenticate } from "./signature.js";
import { serve } from "./server.js";
import * as spot from "./spot.js";
import * as volumes from "./volumes.js";
import { writeAnswer } from "./xml.js";

/** One request, as it came. */
interface Call {
  readonly action: string;
  /** Number of the account. */
  readonly account: string;
  readonly region: string;
  /** As on the wire: `Filter.1.Name`. Without Action and Version. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Code of the error that answered it; "" while there is none. */
  error: string;
}

/** A stand-in of EC2 on this machine. */
export interface Ec2Stand {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Every signed request so far, in order; those of a wrong signature are not among them. */
  readonly calls: readonly Call[];
  /** Lets something go wrong. */
  readonly order: (order: Order) => void;
  /** Every instance ever made, of all accounts and regions, terminated ones too. */
  readonly instances: () => Machine[];
  /** What the first account has in a region; tests may change it. */
  readonly region: (name: string, account?: string) => Region;
  /** An instance turns itself off, as by `poweroff`. */
  readonly powerOff: (id: string) => void;
  /** Resolves when every instance has reached the state it is on the way to. */
  readonly settled: () => Promise<void>;
  /** Ends every instance, then the server. */
  readonly close: () => Promise<void>;
}

/** What the tests sign with. */
export const testAccount: Account = {
  id: "123456789012",
  accessKeyId: "AKIATESTTESTTESTTEST",
  secretAccessKey: "testtesttesttesttesttesttesttesttesttest",
};

export interface Ec2Options {
  readonly launcher: Launcher;
  /** Default: {@link testAccount}. */
  readonly accounts?: readonly Account[];
  /** Default: three of them. Requests for others fail by AuthFailure. */
  readonly regions?: readonly string[];
  /** Whether regions have a default VPC (default true). */
  readonly defaultVpc?: boolean;
}

/** Starts the stand-in on a free port of the loopback interface. */
export async function startEc2(options: Ec2Options): Promise<Ec2Stand> {
  const { launcher, accounts = [testAccount], defaultVpc = true } = options;
  const names = options.regions ?? ["us-east-1", "us-west-2", "eu-central-1"];
  const regions = accounts.flatMap(({ id }) => names.map((name) => newRegion(id, name, defaultVpc)));
  const orders = newOrders();
  const calls: Call[] = [];
  const region = (name: string, account = accounts[0]?.id): Region => {
    const found = regions.find((one) => one.name === name && one.account === account);
    if (found === undefined) throw failure("AuthFailure", "Credential should be scoped to a valid region.");
    return found;
  };
  const server = await serve((request, body, id) => {
    const signed = authenticate(request, body, accounts);
    return answer({ region: region(signed.region, signed.account.id), launcher, orders, calls, names }, body, id);
  });
  const instances = (): Machine[] => regions.flatMap(({ machines }) => machines);
  const settled = async (): Promise<void> => {
    await Promise.all(instances().map(({ work }) => work));
  };
  return {
    url: server.url,
    calls,
    order: orders.add,
    instances,
    region,
    powerOff: (id) => {
      instances()
        .find((machine) => machine.id === id)
        ?.launch.poweredOff();
    },
    settled,
    close: async () => {
      await server.close();
      await settled();
      await Promise.all(instances().map(({ id }) => launcher.terminate(id)));
    },
  };
}

interface Where {
  readonly region: Region;
  readonly launcher: Launcher;
  readonly orders: Orders;
  readonly calls: Call[];
  readonly names: readonly string[];
}

/** The XML that answers a signed request; undefined when none is to be sent. */
async function answer(
  { region, launcher, orders, calls, names }: Where,
  body: string,
  id: string,
): Promise<string | undefined> {
  const { action, parameters } = readForm(body);
  const call: Call = {
    action,
    account: region.account,
    region: region.name,
    parameters: Object.fromEntries(parameters),
    error: "",
  };
  calls.push(call);
  const order = await orders.take(action, region.name, parameters);
  if (order?.drop === "before") return undefined;
  try {
    if (order?.error !== undefined) throw failure(order.error, order.message, order.status);
    const seen = order?.blind ? { ...region, ...nothing } : region;
    const context = { region: seen, regions: names, launcher, pendingMs: order?.pendingMs ?? 0, dies: order?.dies };
    const text = act(context, action, parameters, id);
    return order?.drop === "after" ? undefined : text;
  } catch (error) {
    if (isFailure(error)) call.error = error.code;
    throw error;
  }
}

/** What calls see that are served by a part of EC2 that has not heard of anything yet. */
const nothing = { machines: [], groups: [], keyPairs: [], volumes: [], spotRequests: [] };

function readForm(body: string): { readonly action: string; readonly parameters: ReadonlyMap<string, string> } {
  const parameters = new Map(new URLSearchParams(body));
  const action = parameters.get("Action");
  const version = parameters.get("Version");
  if (action === undefined) throw failure("MissingAction", "The request is missing an action");
  if (version !== "2016-11-15") throw failure("NoSuchVersion", `The requested version (${version ?? ""}) is not valid`);
  parameters.delete("Action");
  parameters.delete("Version");
  return { action, parameters };
}

function act(context: Context, action: string, parameters: ReadonlyMap<string, string>, requestId: string): string {
  const handler = handlers[action];
  const model = actionNamed(action);
  if (handler === undefined || model === undefined) {
    throw failure("InvalidAction", `The action ${action} is not valid for this web service.`);
  }
  const input = readParameters(parameters, model.input) as { readonly DryRun?: boolean };
  const perform = handler(context, input as never);
  if (input.DryRun) throw failure("DryRunOperation");
  return writeAnswer(action, requestId, model.output, perform());
}

/** The model types each one's input. */
const handlers: Readonly<Record<string, Handler<never, object>>> = {
  AuthorizeSecurityGroupIngress: groups.AuthorizeSecurityGroupIngress,
  CancelSpotInstanceRequests: spot.CancelSpotInstanceRequests,
  CreateSecurityGroup: groups.CreateSecurityGroup,
  CreateTags,
  DeleteKeyPair: keys.DeleteKeyPair,
  DeleteSecurityGroup: groups.DeleteSecurityGroup,
  DeleteVolume: volumes.DeleteVolume,
  DescribeAccountAttributes: network.DescribeAccountAttributes,
  DescribeImages: images.DescribeImages,
  DescribeInstanceTypes: images.DescribeInstanceTypes,
  DescribeInstances: instances.DescribeInstances,
  DescribeKeyPairs: keys.DescribeKeyPairs,
  DescribeRegions: network.DescribeRegions,
  DescribeSecurityGroups: groups.DescribeSecurityGroups,
  DescribeSpotInstanceRequests: spot.DescribeSpotInstanceRequests,
  DescribeSubnets: network.DescribeSubnets,
  DescribeVolumes: volumes.DescribeVolumes,
  DescribeVpcs: network.DescribeVpcs,
  GetConsoleOutput: instances.GetConsoleOutput,
  ImportKeyPair: keys.ImportKeyPair,
  RebootInstances: instances.RebootInstances,
  RunInstances,
  StartInstances: instances.StartInstances,
  StopInstances: instances.StopInstances,
  TerminateInstances: instances.TerminateInstances,
};
