import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { download, type Source } from "../../src/vm/image/download.js";
import { proxyFor } from "../../src/driver/proxy.js";
import { watchProgress } from "../../src/vm/image/progress.js";
import { startFileServer, type FileServer, type Served } from "./file-server.js";
import { noise, realIo, temporaryFolder } from "./support.js";

const bytes = noise(300_000);

/** A download from a server of its own into a folder of its own. */
async function setUp(changes: Partial<Served> = {}) {
  const [server, folder] = [await startFileServer(bytes, changes), await temporaryFolder()];
  const lines: string[] = [];
  const run = (source: Partial<Source> = {}, env = {}, signal?: AbortSignal) =>
    download(
      { url: `${server.url}/image`, name: "image", isPinned: true, ...source },
      folder,
      { ...realIo(folder, env, signal), output: (line) => lines.push(line) },
      { silence: 1_000, tries: 3 },
    );
  return { server, folder, lines, run, data: () => readFile(join(folder, "data")) };
}

function rangesOf({ requests }: FileServer): readonly (string | undefined)[] {
  return requests.map(({ headers }) => headers.range);
}

describe("a download", () => {
  test("is the file, and what the server calls its version", async () => {
    const { run, data, server } = await setUp();
    expect(await run()).toEqual({ etag: '"1"' });
    expect(bytes.equals(await data())).toBe(true);
    expect(server.requests.map(({ headers }) => headers["accept-encoding"])).toEqual(["identity"]);
  });

  test("goes on where the connection broke", async () => {
    const { run, data, server, lines } = await setUp({ cuts: [{ after: 100_000, how: "break" }] });
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, "bytes=100000-"]);
    expect(lines.join()).toMatch(/image: http.* was cut off: .*; trying again/);
  });

  test("goes on where the server fell silent", async () => {
    const { run, data, server, lines } = await setUp({ cuts: [{ after: 200_000, how: "silence" }] });
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, "bytes=200000-"]);
    expect(lines.join()).toContain("nothing came for too long");
  });

  test("goes on as often as there was something new, and is given up when there is nothing three times", async () => {
    const cut = { after: 10_000, how: "break" } as const;
    const { run, data, server } = await setUp({ cuts: Array.from({ length: 6 }, () => ({ ...cut })) });
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(rangesOf(server).at(-1)).toBe("bytes=60000-");
    server.file.cuts = Array.from({ length: 9 }, () => ({ after: 0, how: "break" as const }));
    const other = await setUp({ cuts: server.file.cuts });
    await expect(other.run()).rejects.toMatchObject({ code: "unreachable" });
    expect(other.server.requests.length).toBe(3);
  });

  test("goes on with what an earlier one left", async () => {
    const { run, data, server } = await setUp({ cuts: [{ after: 100_000, how: "silence" }] });
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort();
    }, 500);
    await expect(run({}, {}, abort.signal)).rejects.toMatchObject({ code: "interrupted" });
    expect((await data()).length).toBe(100_000);
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, "bytes=100000-"]);
  });

  test("that was whole already is not got again", async () => {
    const { run, data, server } = await setUp();
    await run();
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(server.requests.length).toBe(2);
    expect(rangesOf(server)).toEqual([undefined, "bytes=300000-"]);
  });

  test.each<[string, Partial<Served>]>([
    ["has replaced the file", { etag: '"2"' }],
    ["does not know of ranges", { ranges: false }],
    ["gives its answers no version", { etag: undefined }],
  ])("begins anew when the server %s", async (_, change) => {
    const other = noise(250_000, "other");
    const { run, data, folder } = await setUp({ bytes: other, ...change });
    await writeFile(join(folder, "data"), bytes.subarray(0, 100_000));
    await writeFile(join(folder, "validator"), '"1"');
    await run();
    expect(other.equals(await data())).toBe(true);
  });

  test("begins anew where nothing tells that it would still be the same file", async () => {
    const { run, data, server } = await setUp({ etag: 'W/"1"', cuts: [{ after: 100_000, how: "break" }] });
    await run();
    expect(bytes.equals(await data())).toBe(true);
    expect(rangesOf(server)).toEqual([undefined, undefined]);
  });

  test("whose length is not told is whole when the answer is", async () => {
    const { run, data } = await setUp({ chunked: true });
    await run();
    expect(bytes.equals(await data())).toBe(true);
  });

  test("of what is here already is none", async () => {
    const { run, server } = await setUp();
    expect(await run({ etag: '"1"' })).toBeUndefined();
    expect(await run({ etag: '"0"' })).toEqual({ etag: '"1"' });
    expect(server.requests.length).toBe(2);
  });

  test("waits out a server that is busy, and not one that says no", async () => {
    const busy = await setUp({ statuses: [503, 429] });
    await busy.run();
    expect(bytes.equals(await busy.data())).toBe(true);
    const gone = await setUp({ statuses: [404] });
    await expect(gone.run({ url: `${gone.server.url}/image?token=secret` })).rejects.toMatchObject({
      code: "failed",
      message: `image: ${gone.server.url}/image is not there (404)`,
      hint: expect.stringContaining("a newer one") as string,
    });
    const refused = await setUp({ statuses: [403] });
    await expect(refused.run()).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(/status 403/) as string,
    });
    expect(refused.server.requests.length).toBe(1);
  });

  test("from where nobody listens says so, and names no login", async () => {
    const { run } = await setUp();
    const error = await run({ url: "http://ann:secret@127.0.0.1:1/image" }).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(/^http:\/\/127.0.0.1:1\/image cannot be reached/) as string,
    });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  test("logs in where the URL says so, and only there", async () => {
    const { run, server } = await setUp();
    const other = await startFileServer(bytes);
    const url = `http://ann:se%20cret@${server.url.slice(7)}/to/${encodeURIComponent(`${other.url}/image`)}`;
    await run({ url });
    const expected = `Basic ${Buffer.from("ann:se cret").toString("base64")}`;
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([expected]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("follows redirects, but not for ever", async () => {
    const { run, data, server } = await setUp();
    await run({ url: `${server.url}/to/${encodeURIComponent("/elsewhere")}` });
    expect(bytes.equals(await data())).toBe(true);
    expect(server.requests.map(({ path }) => path).at(-1)).toBe("/elsewhere");
    const circle = await setUp();
    const again = encodeURIComponent(`${circle.server.url}/to/`);
    await expect(circle.run({ url: `${circle.server.url}/to/${again}` })).rejects.toMatchObject({ code: "failed" });
    const file = encodeURIComponent("file:///etc/passwd");
    await expect(circle.run({ url: `${circle.server.url}/to/${file}` })).rejects.toMatchObject({
      message: expect.stringMatching(/file:/) as string,
    });
  });
});

/** A proxy of its own, which notes what it is asked for. */
async function startProxy(): Promise<{ readonly url: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const proxy = createServer((incoming, response) => {
    asked.push(
      `${incoming.method ?? ""} ${incoming.url ?? ""} ${incoming.headers["proxy-authorization"] ?? ""}`.trim(),
    );
    ask(incoming.url ?? "", { headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  proxy.on("connect", (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url ?? ""}`);
    const [host, port] = (incoming.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`, asked };
}

describe("a proxy", () => {
  test("is asked for what the environment sends its way", async () => {
    const proxy = await startProxy();
    const { run, data, server } = await setUp();
    await run({}, { HTTP_PROXY: proxy.url.replace("//", "//ann:secret@") });
    expect(bytes.equals(await data())).toBe(true);
    expect(proxy.asked).toEqual([`GET ${server.url}/image Basic ${Buffer.from("ann:secret").toString("base64")}`]);
  });

  test("is asked for a tunnel to what is https", async () => {
    const proxy = await startProxy();
    const { run, server } = await setUp();
    const url = server.url.replace("http:", "https:");
    await expect(run({ url }, { https_proxy: proxy.url })).rejects.toMatchObject({
      code: expect.stringMatching(/failed|unreachable/) as string,
    });
    expect(proxy.asked[0]).toBe(`CONNECT ${server.url.slice(7)}`);
  });

  test("that is not there is named, without its password", async () => {
    const { run } = await setUp();
    const error = await run({}, { http_proxy: "http://ann:secret@127.0.0.1:1" }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      message: expect.stringContaining("by way of the proxy http://127.0.0.1:1") as string,
    });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  test.each<[string, Record<string, string>, string | undefined]>([
    ["https://example.org/a", {}, undefined],
    ["https://example.org/a", { HTTPS_PROXY: "http://p:1" }, "http://p:1"],
    ["https://example.org/a", { HTTPS_PROXY: "http://p:1", https_proxy: "q:2" }, "http://q:2"],
    ["https://example.org/a", { HTTP_PROXY: "http://p:1" }, undefined],
    ["http://example.org/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "localhost, .example.org" }, undefined],
    ["http://a.example.org/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "example.org" }, undefined],
    ["http://an-example.org/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "example.org" }, "http://p:1"],
    ["http://example.org:81/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "example.org:80" }, "http://p:1"],
    ["http://example.org:81/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "*.example.org:81" }, undefined],
    ["http://[::1]:81/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "::1" }, undefined],
    ["http://[fd00::1]:81/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "[fd00::1]" }, undefined],
    ["http://10.1.2.3/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "192.0.2.0/24,10.0.0.0/8" }, undefined],
    ["http://11.1.2.3/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "10.0.0.0/8,fd00::/8" }, "http://p:1"],
    ["http://[fd12::1]/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "10.0.0.0/8,fd00::/8" }, undefined],
    ["http://ten.example.org/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "10.0.0.0/8" }, "http://p:1"],
    ["http://example.org/a", { HTTP_PROXY: "http://p:1", no_proxy: "*" }, undefined],
    ["http://example.org/a", { HTTP_PROXY: "http://p:1", NO_PROXY: "" }, "http://p:1"],
  ])("for %s with %o is %s", (url, env, proxy) => {
    expect(proxyFor(new URL(url), env)).toBe(proxy);
  });
});

test("progress is told once a second at most, with bytes and rate", () => {
  const lines: string[] = [];
  let clock = 0;
  const output = (line: string): number => lines.push(line);
  const tell = watchProgress("debian-13", 412_000_000, { now: () => clock, output });
  for (const [at, sum] of [
    [0, 40e6],
    [500, 50e6],
    [1_000, 51e6],
    [1_900, 60e6],
    [4_000, 120e6],
  ] as const) {
    clock = at;
    tell(sum);
  }
  expect(lines).toEqual(["debian-13: 51 of 412 MB, 11.0 MB/s", "debian-13: 120 of 412 MB, 20.0 MB/s"]);
  watchProgress("it", undefined, { now: () => (clock += 2_000), output })(7e6);
  expect(lines.at(-1)).toBe("it: 7 MB, 0.0 MB/s");
});
