import { describe, expect, test } from "vitest";
import { builtInNames, findDriver } from "../../src/core/session/registry.js";
import { names, resolve, type Option } from "../../src/driver/index.js";
import reference from "./docker-machine-options.json" with { type: "json" };

/** Where another default is fit for today: ours, undefined where it depends on the image, region or account. */
const ours: Readonly<Record<string, unknown>> = {
  "amazonec2-region": undefined,
  "amazonec2-zone": "",
  "amazonec2-security-group": [],
  "amazonec2-instance-type": "t3.small",
  "amazonec2-device-name": "",
  "amazonec2-root-size": 20,
  "amazonec2-volume-type": "gp3",
  "amazonec2-ssh-user": "",
  "amazonec2-spot-price": "",
  "virtualbox-memory": 2048,
  "virtualbox-nat-nictype": "virtio",
  "virtualbox-hostonly-nictype": "virtio",
  "virtualbox-hostonly-cidr": "",
};

/** What an option of our kind takes that Go's flags of theirs took. */
const samples: Readonly<Record<string, string>> = { string: "x", int: "60", bool: "true", stringSlice: "a,b" };
const parsed: Readonly<Record<string, unknown>> = { string: "x", int: 60, bool: true, stringSlice: ["a", "b"] };

const drivers = Object.entries(reference).filter(([driver]) => builtInNames().includes(driver));

describe.each(drivers)("of docker-machine's options %s", (driver, flags) => {
  test.each(flags)("has $flag with its variable, type and default", async ({ flag, env, type, default: theirs }) => {
    const { options } = await findDriver(driver, "/no/store");
    const [key, option] =
      Object.entries(options).find(([one, { flag: own }]) => flagOf(one, own, driver) === flag) ?? [];
    if (key === undefined || option === undefined) throw new Error(`there is no --${flag}`);
    expect(names(key, option, driver).env ?? null).toBe(env);
    const expected = flag in ours ? ours[flag] : theirs;
    expect(option.default ?? (expected === undefined ? undefined : emptyOf(type))).toEqual(expected);
    expect(resolve({ [key]: option }, [{ [key]: samples[type] }])[key]).toEqual(parsed[type]);
  });
});

function flagOf(key: string, own: string | undefined, driver: string): string {
  return names(key, { flag: own } as Option<unknown>, driver).flag;
}

/** Go has no options without a value. */
function emptyOf(type: string): unknown {
  return { string: "", int: 0, bool: false, stringSlice: [] }[type];
}
