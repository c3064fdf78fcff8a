import type { Io } from "../../src/driver/index.js";
import type { Ec2 } from "./api/calls.js";
import type { Ec2State } from "./state.js";

/** Opens EC2 as a machine's state says; what that takes is loaded only then. */
export async function open(state: Ec2State, io: Io): Promise<Ec2> {
  return (await import("./api/client.js")).openEc2({ Profile: "", ...state }, io);
}
