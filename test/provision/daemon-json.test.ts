import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeDaemonJson, type EngineSettings } from "../../src/provision/daemon-json.js";
import { engineOption } from "../../src/provision/engine-option.js";

const none: EngineSettings = { labels: [], insecureRegistries: [], registryMirrors: [], storageDriver: "", opts: [] };

const merged = (existing: string | undefined, settings: Partial<EngineSettings> = {}): unknown =>
  JSON.parse(mergeDaemonJson(existing, "generic", { ...none, ...settings }).text);

describe("daemon.json", () => {
  test("says the label of the driver where there was no file", () => {
    expect(mergeDaemonJson(undefined, "generic", none).text).toBe('{\n  "labels": [\n    "provider=generic"\n  ]\n}\n');
    expect(merged(" \n")).toEqual({ labels: ["provider=generic"] });
  });

  test("keeps what it does not know, in its order and its indentation", () => {
    const before = '{\n\t"zeta": {"a": [1, null]},\n\t"alpha": "x"\n}';
    expect(mergeDaemonJson(before, "generic", { ...none, storageDriver: "overlay2" }).text).toBe(
      '{\n\t"zeta": {\n\t\t"a": [\n\t\t\t1,\n\t\t\tnull\n\t\t]\n\t},\n\t"alpha": "x",\n\t"storage-driver": "overlay2",\n\t"labels": [\n\t\t"provider=generic"\n\t]\n}\n',
    );
  });

  test("stays byte for byte the same when it is right already, however it is written", () => {
    const before = '{"labels" :["provider=generic"],\n   "debug":true }';
    expect(mergeDaemonJson(before, "generic", none).text).toBe(before);
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
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), settings, (before, given) => {
        const once = mergeDaemonJson(JSON.stringify(before), "generic", given);
        expect(mergeDaemonJson(once.text, "generic", given)).toEqual({ text: once.text, removed: [] });
      }),
    );
  });

  test("replaces a label of the same key, and joins lists without doubling", () => {
    const before = { labels: ["a=1", "b=2"], "insecure-registries": ["r1"], "registry-mirrors": ["https://m1"] };
    expect(
      merged(JSON.stringify(before), {
        labels: ["b=3"],
        insecureRegistries: ["r1", "r2"],
        registryMirrors: ["https://m1"],
      }),
    ).toEqual({
      labels: ["a=1", "b=3", "provider=generic"],
      "insecure-registries": ["r1", "r2"],
      "registry-mirrors": ["https://m1"],
    });
  });

  test("gives the addresses and the TLS up to the command line, and says which", () => {
    const before = { hosts: ["tcp://0.0.0.0:2375"], tlsverify: true, tlskey: "/k", debug: true };
    const { text, removed } = mergeDaemonJson(JSON.stringify(before), "generic", none);
    expect(JSON.parse(text)).toEqual({ debug: true, labels: ["provider=generic"] });
    expect(removed).toEqual(["hosts", "tlsverify", "tlskey"]);
  });

  test.each(["{,}", "[]", "null", '"x"'])("is refused when it is %s", (text) => {
    expect(() => mergeDaemonJson(text, "generic", none)).toThrow("/etc/docker/daemon.json on the host is not valid");
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

  test("joins maps and lists that several options make", () => {
    const opts = ["log-opt=max-size=7m", "log-opt=max-file=2", "dns=1.1.1.1", "dns=8.8.8.8"];
    expect(merged(undefined, { opts })).toMatchObject({
      "log-opts": { "max-size": "7m", "max-file": "2" },
      dns: ["1.1.1.1", "8.8.8.8"],
    });
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
