import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addInclude, hasInclude, removeInclude } from "../../src/shell/ssh-include.js";
import { output } from "../support/command.js";
import { temporary } from "./sshd.js";

test("the line comes first, and all else keeps its bytes, its mode and its place", async () => {
  const home = await temporary();
  const [kept, config] = [join(home, "kept"), join(home, "config")];
  const bytes = Buffer.concat([Buffer.from("Host *\r\n\tUser ann # "), Buffer.from([0xff, 0xfe, 0x0a, 0x80])]);
  await writeFile(kept, bytes);
  await chmod(kept, 0o640);
  await symlink(kept, config);
  const file = join(home, "with space, ünicode");

  await addInclude(config, file);
  await addInclude(config, file);
  const line = Buffer.from(`Include "${file}"\n`);
  expect(await readFile(kept)).toEqual(Buffer.concat([line, bytes]));
  expect((await lstat(config)).isSymbolicLink()).toBe(true);
  expect((await stat(kept)).mode & 0o777).toBe(0o640);
  expect(hasInclude(config, file)).toBe(true);

  await removeInclude(config, file);
  expect(await readFile(kept)).toEqual(bytes);
  expect(hasInclude(config, file)).toBe(false);
});

test("a missing configuration is made for the user alone, with its folder, and asking does not make it", async () => {
  const config = join(await temporary(), ".ssh", "config");
  expect(hasInclude(config, "/a")).toBe(false);
  await removeInclude(config, "/a");
  await expect(stat(config)).rejects.toThrow("ENOENT");
  await addInclude(config, "/a");
  expect(await readFile(config, "utf8")).toBe("Include /a\n");
  expect([(await stat(config)).mode & 0o777, (await stat(join(config, ".."))).mode & 0o777]).toEqual([0o600, 0o700]);
});

test("ssh reads the file that is meant, whatever signs its name has", async () => {
  const dir = join(await temporary(), 'a [b] * ? "c" \\d');
  await mkdir(dir);
  const [config, file] = [join(dir, "config"), join(dir, "machines")];
  await writeFile(file, "Host web\n  Port 2222\n");
  await writeFile(config, "Host other\n  Port 1\n");
  await addInclude(config, file);
  expect(await output("ssh", ["-F", config, "-G", "web"])).toContain("\nport 2222\n");
});
