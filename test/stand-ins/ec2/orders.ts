import { setTimeout as sleep } from "node:timers/promises";

/** Something that goes wrong in calls of one action, the next ones or as many as it says. */
export interface Order {
  /** Such as "RunInstances"; "*" is any. */
  readonly action: string;
  /** Only calls of this region. */
  readonly region?: string;
  /** Only calls with these parameters, named as on the wire: `{ "InstanceType": "t3.micro" }`. */
  readonly where?: Readonly<Record<string, string>>;
  /** So many calls pass first (default 0). */
  readonly after?: number;
  /** How many calls it meets (default 1; Infinity: all, also dry runs: a missing permission). */
  readonly times?: number;
  /** Milliseconds before the call does anything. */
  readonly delayMs?: number;
  /** Instead of acting, this code is answered, such as "RequestLimitExceeded" or "InsufficientInstanceCapacity", */
  readonly error?: string;
  /** with a message and a status of HTTP of its own. */
  readonly message?: string;
  readonly status?: number;
  /** The call does not see yet what was made in the region: by ids NotFound, by filters nothing. */
  readonly blind?: boolean;
  /** The connection is cut: before the call acted, or after it did, so that only the answer is lost. */
  readonly drop?: "before" | "after";
  /** Of launches and starts: the instance stays pending for so long, */
  readonly pendingMs?: number;
  /** and then ends for this reason, such as "Server.InternalError: Internal error on launch". */
  readonly dies?: string;
}

/** What was ordered and is not yet used up. */
export interface Orders {
  readonly add: (order: Order) => void;
  /** The first order that meets a call, counted as used; waits for its delay. */
  readonly take: (
    action: string,
    region: string,
    parameters: ReadonlyMap<string, string>,
  ) => Promise<Order | undefined>;
}

export function newOrders(): Orders {
  let pending: { readonly order: Order; after: number; times: number }[] = [];
  return {
    add: (order) => {
      pending.push({ order, after: order.after ?? 0, times: order.times ?? 1 });
    },
    take: async (action, region, parameters) => {
      const fits = pending.filter(({ order }) => meets(order, action, region, parameters));
      const found = fits.find(({ after }) => after === 0);
      for (const entry of fits) if (entry.after > 0) entry.after -= 1;
      if (found === undefined) return undefined;
      found.times -= 1;
      pending = pending.filter(({ times }) => times > 0);
      if (found.order.delayMs !== undefined) await sleep(found.order.delayMs);
      return found.order;
    },
  };
}

function meets(order: Order, action: string, region: string, parameters: ReadonlyMap<string, string>): boolean {
  if (order.action !== "*" && order.action !== action) return false;
  if (order.region !== undefined && order.region !== region) return false;
  return Object.entries(order.where ?? {}).every(([name, value]) => parameters.get(name) === value);
}
