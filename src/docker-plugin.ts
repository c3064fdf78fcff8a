/** Of docker's flags before the command, those whose value is the next word. */
const withValue = /^(-[cHl]|--(config|context|host|log-level|tlscacert|tlscert|tlskey))$/;

/**
 * What was typed behind `docker machine`, where docker has called this program as its plugin: it gives its whole line,
 * its own flags included. Undefined where it has not.
 */
export function pluginWords(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  if (env["DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"] === undefined) return undefined;
  let at = 0;
  while (argv[at]?.startsWith("-") === true) at += withValue.test(argv[at] ?? "") ? 2 : 1;
  if (argv[at] === "machine") return argv.slice(at + 1);
  return argv[at] === "help" && argv[at + 1] === "machine" ? ["help", ...argv.slice(at + 2)] : undefined;
}
