import type * as sdk from "@aws-sdk/client-ec2";
import type { Handler } from "./context.js";
import type { Region } from "./region.js";
import { byIds, type Filters, filtered, page } from "./select.js";

export const DescribeSpotInstanceRequests: Handler<
  sdk.DescribeSpotInstanceRequestsRequest,
  sdk.DescribeSpotInstanceRequestsResult
> =
  ({ region }, input) =>
  () => {
    const { SpotInstanceRequestIds: ids } = input;
    const named = ids?.length ? requestsOf(region, ids) : region.spotRequests;
    const { items, ...next } = page(filtered(named, input.Filters, filters), input, ids);
    return { SpotInstanceRequests: items, ...next };
  };

const filters: Filters<sdk.SpotInstanceRequest> = {
  "instance-id": ({ InstanceId }) => [InstanceId],
  "launched-availability-zone": ({ LaunchedAvailabilityZone }) => [LaunchedAvailabilityZone],
  "spot-instance-request-id": ({ SpotInstanceRequestId }) => [SpotInstanceRequestId],
  "spot-price": ({ SpotPrice }) => [SpotPrice],
  state: ({ State }) => [State],
  "status-code": ({ Status }) => [Status?.Code],
  type: ({ Type }) => [Type],
};

/** Its instance goes on. */
export const CancelSpotInstanceRequests: Handler<
  sdk.CancelSpotInstanceRequestsRequest,
  sdk.CancelSpotInstanceRequestsResult
> = ({ region }, { SpotInstanceRequestIds = [] }) => {
  const requests = requestsOf(region, SpotInstanceRequestIds);
  return () => {
    for (const request of requests) {
      if (request.State !== "closed") request.State = "cancelled";
      request.Status = { Code: "request-canceled-and-instance-running", Message: "Cancelled by the user" };
    }
    const cancelled = requests.map(({ SpotInstanceRequestId }) => ({
      SpotInstanceRequestId,
      State: "cancelled" as const,
    }));
    return { CancelledSpotInstanceRequests: cancelled };
  };
};

function requestsOf({ spotRequests }: Region, ids: readonly string[]): Region["spotRequests"] {
  return byIds(spotRequests, ids, ({ SpotInstanceRequestId }) => SpotInstanceRequestId, {
    prefix: "sir",
    what: "spot instance request ID",
    malformed: "InvalidSpotInstanceRequestID.Malformed",
    notFound: "InvalidSpotInstanceRequestID.NotFound",
  });
}
