import { describe, expect, test } from "vitest";
import { distros } from "../../src/provision/distros.js";
import { installation, isVersion, proxies } from "../../src/provision/install.js";

const row = (name: string) => distros.find((distro) => distro.name === name) ?? expect.fail(`no row ${name}`);
const script = { installUrl: "https://get.docker.com", source: "script" } as const;

describe("where the engine comes from", () => {
  test("is the install script where it knows the distribution", () => {
    expect(installation(row("Debian"), { ...script, version: "v28.3.2" }, () => expect.fail())).toMatchObject({
      URL: "https://get.docker.com/",
      VERSION: "28.3.2",
    });
  });

  test("is packages where the default script does not know the distribution, which is said", () => {
    const notices: string[] = [];
    expect(installation(row("Alpine"), script, (line) => notices.push(line))).toMatchObject({
      URL: "",
      PACKAGES: "docker",
    });
    expect(notices).toEqual(["https://get.docker.com does not know Alpine: the engine comes from packages"]);
  });

  test("is a script of the user's own everywhere", () => {
    const given = { ...script, installUrl: "http://mirror.example/i.sh" };
    expect(installation(row("Alpine"), given, () => expect.fail()).URL).toBe("http://mirror.example/i.sh");
  });

  test("is the packages where they are asked for", () => {
    expect(installation(row("Debian"), { ...script, source: "distro" }, () => expect.fail())).toMatchObject({
      URL: "",
      PACKAGES: "docker.io docker-cli? apparmor?",
    });
  });

  test("is nowhere where the engine belongs to the image, and no text that is no URL", () => {
    expect(() => installation(row("Flatcar"), script, () => undefined)).toThrow("engine in its image");
    expect(() => installation(row("Debian"), { ...script, installUrl: "get it" }, () => undefined)).toThrow("no URL");
  });

  test("has no character in its address that could end a quoted line", () => {
    const given = { ...script, installUrl: 'http://a:p"w@h/x"y\\z\n w?"q' };
    expect(installation(row("Debian"), given, () => undefined).URL).not.toMatch(/["\\\s]/);
  });
});

test("proxies reach the installer in both spellings, and nothing else of the environment does", () => {
  expect(proxies(["HTTP_PROXY=http://u:p@h:1", "no_proxy=a,b", "SECRET=x", "MY_HTTP_PROXY=x"])).toEqual({
    http_proxy: "http://u:p@h:1",
    HTTP_PROXY: "http://u:p@h:1",
    no_proxy: "a,b",
    NO_PROXY: "a,b",
  });
});

test.each([
  ["20.10.24+dfsg1", "20.10.24", true],
  ["28.3.2", "v28.3.2", true],
  ["28.3.2-ce", "28.3", true],
  ["20.10.24", "20.10.2", false],
  ["28.3.2", "27", false],
])("an engine %s is of version %s: %s", (found, wanted, expected) => {
  expect(isVersion(found, wanted)).toBe(expected);
});
