import { MachineError, type Shell } from "../driver/index.js";

/**
 * Asks the engine as `docker -H ssh://` reaches it: by the docker program on the host, as the user who logged in.
 * @throws MachineError `unreachable`, with the reason
 */
export async function versionOverSsh(shell: Shell): Promise<string> {
  const { code, stdout, stderr } = await shell.exec("docker version --format 'machine-version={{.Server.Version}}'", {
    timeout: 60_000,
  });
  // A login shell may greet before, also without an end of line.
  const version = /machine-version=(\S+)/.exec(stdout)?.[1];
  if (code === 0 && version !== undefined) return version;
  const why = stderr.trim();
  const [message, hint] = /permission denied/i.test(why)
    ? ["the user may not use the engine's socket", "have it join the group docker on the host: machine provision NAME"]
    : code === 127
      ? ["the host has no docker program, by which docker -H ssh:// reaches the engine", "install its docker-cli"]
      : ["the engine does not answer over ssh", "look at its log: machine ssh NAME sudo journalctl -u docker"];
  throw new MachineError("unreachable", message, { hint, output: why === "" ? undefined : why });
}
