import { expect, test } from "vitest";
import { versionOverSsh } from "../../src/docker/over-ssh.js";
import type { CommandResult, Shell } from "../../src/driver/index.js";

function answering(result: Partial<CommandResult>): Shell {
  return { exec: () => Promise.resolve({ stdout: "", stderr: "", code: 0, ...result }) };
}

test("the version is found behind what a login shell may say", async () => {
  expect(await versionOverSsh(answering({ stdout: "Welcome!\n\u001b]0;title\u0007machine-version=28.2.2\n" }))).toBe(
    "28.2.2",
  );
});

test.each([
  [{ code: 127, stderr: "sh: docker: not found" }, /has no docker program/],
  [{ code: 1, stderr: "permission denied while trying to connect to the Docker daemon socket" }, /may not use/],
  [{ code: 1, stdout: "\n", stderr: "Cannot connect to the Docker daemon" }, /does not answer over ssh/],
])("what docker says on the host is explained: %j", async (result, message) => {
  const failure = versionOverSsh(answering(result));
  await expect(failure).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(message) as string,
  });
  await expect(failure).rejects.toMatchObject({ output: result.stderr });
});
