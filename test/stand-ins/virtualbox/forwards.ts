import type { Call } from "./call.js";
import { apiError, argumentError, syntaxError } from "./refusal.js";
import type { Forward, Nic } from "./state.js";

/** Adds `NAME,tcp|udp,HOST-IP,HOST-PORT,GUEST-IP,GUEST-PORT`. @returns the rule */
export function addForward(
  call: Call,
  nic: Nic,
  rule: string,
  { option, index }: { readonly option: string; readonly index: number },
): Forward {
  const parts = rule.split(",").map((each) => each.trim());
  if (parts.length !== 6) throw syntaxError(`Missing or invalid argument to '${option}'`);
  const [name = "", given = "", hostIp = "", hostPort = "", guestIp = "", guestPort = ""] = parts;
  const protocol = given.toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp") {
    throw argumentError(`Invalid proto '${rule}' specfied for NIC ${String(index)}`);
  }
  const forward: Forward = {
    ...{ name: name === "" ? `${protocol}_${hostPort}_${guestPort}` : name, protocol, hostIp, guestIp },
    ...{ hostPort: Number(hostPort), guestPort: Number(guestPort) },
  };
  refuseSecond(call, nic, forward);
  nic.forwards.push(forward);
  return forward;
}

export function removeForward(call: Call, nic: Nic, name: string): Forward {
  const found = nic.forwards.find((each) => each.name === name);
  if (!found)
    throw apiError(call.release, "INVALIDARG", "", ["NATEngine", "RemoveRedirect(Bstr(ValueUnion.psz).raw())"]);
  nic.forwards = nic.forwards.filter((each) => each !== found);
  return found;
}

function refuseSecond(call: Call, nic: Nic, { name, hostIp, hostPort, protocol }: Forward): void {
  const sameName = nic.forwards.some((each) => each.name === name);
  const samePort = nic.forwards.some(
    (each) => each.hostIp === hostIp && each.hostPort === hostPort && each.protocol === protocol,
  );
  if (!sameName && !samePort) return;
  const message = sameName
    ? "A NAT rule of this name already exists"
    : "A NAT rule for this host port and this host IP already exists";
  const context =
    "AddRedirect(Bstr(strName).raw(), proto, Bstr(strHostIp).raw(), RTStrToUInt16(strHostPort), " +
    "Bstr(strGuestIp).raw(), RTStrToUInt16(strGuestPort))";
  throw apiError(call.release, "INVALIDARG", message, ["NATEngine", context]);
}
