import { resolve } from "node:path";
import { syntaxError, argumentError } from "../refusal.js";
import type { Command } from "../call.js";

const known = [
  "machinefolder",
  "hwvirtexclusive",
  "vrdeauthlibrary",
  "websrvauthlibrary",
  "vrdeextpack",
  "autostartdbpath",
  "loghistorycount",
  "defaultfrontend",
  "logginglevel",
  "proxymode",
  "proxyurl",
  "language",
];

export const setProperty: Command = (call, [name, value, ...more]) => {
  if (name === undefined || value === undefined || more.length > 0) throw syntaxError("Incorrect number of parameters");
  if (!known.includes(name)) throw argumentError(`Invalid parameter '${name}'`);
  if (value === "default") Reflect.deleteProperty(call.state.properties, name);
  else call.state.properties[name] = name === "machinefolder" ? resolve(value) : value;
};
