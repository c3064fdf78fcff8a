import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placeSettings, type EngineSettings, type PlacedSettings } from "../../src/provision/engine-settings.js";
import { engineOption } from "../../src/provision/engine-option.js";

const none: EngineSettings = { labels: [], insecureRegistries: [], registryMirrors: [], storageDriver: "", opts: [] };

const place = (existing: string | undefined, settings: Partial<EngineSettings> = {}): PlacedSettings =>
  placeSettings(existing, "generic", { ...none, ...settings });

describe("the engine's settings", () => {
  test("are flags where the host has no daemon.json, which none is made for", () => {
    const all = {
      labels: ["role=web", "zone=a b"],
      insecureRegistries: ["r1:5000"],
      registryMirrors: ["https://m1/"],
      storageDriver: "overlay2",
      opts: ["debug", "--log-opt=max-size=7m"],
    };
    expect(place(undefined, all)).toEqual({
      flags: [
        "--debug=true",
        "--log-opt=max-size=7m",
        "--insecure-registry=r1:5000",
        "--registry-mirror=https://m1/",
        "--storage-driver=overlay2",
        "--label=role=web",
        "--label=zone=a b",
        "--label=provider=generic",
      ],
      daemonJson: undefined,
      removed: [],
      hosts: [],
    });
  });

  test("are merged into daemon.json where it has their key, since the engine refuses them in two places", () => {
    const before = { labels: ["a=1", "b=2"], "log-opts": { tag: "x" }, dns: ["1.1.1.1"] };
    const { flags, daemonJson } = place(JSON.stringify(before), {
      labels: ["b=3"],
      insecureRegistries: ["r1"],
      opts: ["log-opt=max-size=7m", "dns=1.1.1.1", "dns=8.8.8.8", "icc=false"],
    });
    expect(JSON.parse(daemonJson ?? "")).toEqual({
      labels: ["a=1", "b=3", "provider=generic"],
      "log-opts": { tag: "x", "max-size": "7m" },
      dns: ["1.1.1.1", "8.8.8.8"],
    });
    expect(flags).toEqual(["--icc=false", "--insecure-registry=r1"]);
  });

  test("are in daemon.json where no command line can have them", () => {
    const { flags, daemonJson } = place(undefined, {
      labels: ["a=\u{fdd0}"],
      opts: ["feature=containerd-snapshotter", "min-api-version=1.24"],
    });
    expect(flags).toEqual([]);
    expect(JSON.parse(daemonJson ?? "")).toEqual({
      features: { "containerd-snapshotter": true },
      "min-api-version": "1.24",
      labels: ["a=\u{fdd0}", "provider=generic"],
    });
  });

  test("give one value to a label, the last one, as the engine refuses two", () => {
    expect(place(undefined, { opts: ["label=a=0"], labels: ["a=1", "b", "a=2"] }).flags).toEqual([
      "--label=b",
      "--label=a=2",
      "--label=provider=generic",
    ]);
  });

  test("name a provider that is the host owner's or the user's, where one of them does", () => {
    expect(place(undefined, { labels: ["provider=mine"] }).flags).toEqual(["--label=provider=mine"]);
    expect(place(undefined, { opts: ["label=provider=mine"] }).flags).toEqual(["--label=provider=mine"]);
    const owners = '{"labels": ["provider=hetzner", "rack=r1"]}';
    expect(place(owners)).toMatchObject({ flags: [], daemonJson: owners });
    expect(place(owners, { labels: ["provider=mine"] }).daemonJson).toContain('"provider=mine"');
  });
});

describe("daemon.json", () => {
  test("keeps what it does not know, in its order and its indentation", () => {
    const before = '{\n\t"zeta": {"a": [1, null]},\n\t"labels": []\n}';
    expect(place(before).daemonJson).toBe(
      '{\n\t"zeta": {\n\t\t"a": [\n\t\t\t1,\n\t\t\tnull\n\t\t]\n\t},\n\t"labels": [\n\t\t"provider=generic"\n\t]\n}\n',
    );
  });

  test("stays byte for byte the same when it is right already, however it is written", () => {
    for (const before of ['{"labels" :["provider=generic"],\n   "debug":true }', '{"debug":true   }', " \n"]) {
      expect(place(before).daemonJson).toBe(before);
    }
  });

  test("is the same after a second merge, whatever was there", () => {
    const option = fc.constantFrom("debug", "log-opt=a=1", "dns=1.1.1.1", "mtu=1400", "default-ulimit=nofile=1:2");
    const settings = fc.record({
      labels: fc.array(fc.constantFrom("a=1", "a=2", "b", "provider=mine")),
      insecureRegistries: fc.array(fc.constantFrom("r1", "r2")),
      registryMirrors: fc.array(fc.constantFrom("https://m1", "https://m2")),
      storageDriver: fc.constantFrom("", "overlay2"),
      opts: fc.array(option),
    });
    const key = fc.oneof(fc.string(), fc.constantFrom("labels", "dns", "log-opts", "mtu", "debug", "storage-driver"));
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), settings, (before, given) => {
        const once = place(JSON.stringify(before), given);
        expect(place(once.daemonJson, given)).toEqual({ ...once, removed: [], hosts: [] });
      }),
    );
  });

  test("gives the addresses and the TLS up to the command line, and says which", () => {
    const before = { hosts: ["tcp://0.0.0.0:2375"], tlsverify: true, tlskey: "/k", debug: true };
    const { daemonJson, removed } = place(JSON.stringify(before));
    expect(JSON.parse(daemonJson ?? "")).toEqual({ debug: true });
    expect(removed).toEqual(["hosts", "tlsverify", "tlskey"]);
  });

  test.each(["{,}", "[]", "null", '"x"'])("is refused when it is %s", (text) => {
    expect(() => place(text)).toThrow("/etc/docker/daemon.json on the host is not valid");
  });
});

describe("--engine-opt", () => {
  test.each([
    ["debug", { debug: true }],
    ["--live-restore", { "live-restore": true }],
    ["icc=false", { icc: false }],
    ["mtu=1400", { mtu: 1400 }],
    ["oom-score-adjust=-500", { "oom-score-adjust": -500 }],
    ["group=999", { group: "999" }],
    ["default-shm-size=64", { "default-shm-size": "64" }],
    ["bip=172.20.0.1/16", { bip: "172.20.0.1/16" }],
    ["graph=/mnt", { "data-root": "/mnt" }],
    ["dns=1.1.1.1", { dns: ["1.1.1.1"] }],
    ["exec-opt=native.cgroupdriver=systemd", { "exec-opts": ["native.cgroupdriver=systemd"] }],
    ["storage-opt=size=10G", { "storage-opts": ["size=10G"] }],
    ["log-opt=max-file=3", { "log-opts": { "max-file": "3" } }],
    ["log-opt=tag=a=b", { "log-opts": { tag: "a=b" } }],
    ["label=a=b", { labels: ["a=b"] }],
    ["insecure-registry=r:5000", { "insecure-registries": ["r:5000"] }],
    ["default-ulimit=nofile=64:128", { "default-ulimits": { nofile: { Name: "nofile", Soft: 64, Hard: 128 } } }],
    ["default-ulimit=core=-1", { "default-ulimits": { core: { Name: "core", Soft: -1, Hard: -1 } } }],
    ["default-address-pool=base=10.0.0.0/8,size=24", { "default-address-pools": [{ base: "10.0.0.0/8", size: 24 }] }],
    ["add-runtime=crun=/usr/bin/crun", { runtimes: { crun: { path: "/usr/bin/crun" } } }],
    ["feature=containerd-snapshotter", { features: { "containerd-snapshotter": true } }],
    ["http-proxy=http://p:1", { proxies: { "http-proxy": "http://p:1" } }],
    [
      "default-network-opt=bridge=com.docker.network.driver.mtu=1400",
      { "default-network-opts": { bridge: { "com.docker.network.driver.mtu": "1400" } } },
    ],
  ])("%s becomes %o", (option, expected) => {
    expect(engineOption(option)).toEqual(expected);
  });

  test.each(["host=tcp://0.0.0.0:2375", "H=unix://", "tlsverify=false", "tlskey=/x", "config-file=/x", "=x", ""])(
    "%j is refused, since it is the machine's own",
    (option) => {
      expect(() => engineOption(option)).toThrow("cannot be set");
    },
  );

  test.each(["log-opt=x", "default-ulimit=nofile", "default-address-pool=base=1", "add-runtime=crun"])(
    "%s is refused, with the form that it should have",
    (option) => {
      expect(() => engineOption(option)).toThrow(/takes [A-Zb]/);
    },
  );
});
