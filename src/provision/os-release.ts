/** What a Linux system says of itself. */
export interface OsRelease {
  /** Lower case, e.g. `debian`; `linux` where nothing is said. */
  readonly id: string;
  /** IDs of systems that it is derived from, the closest first. */
  readonly idLike: readonly string[];
  /** For people, e.g. "Debian GNU/Linux 12 (bookworm)". */
  readonly prettyName: string;
  /** E.g. `12`; empty on a rolling distribution. */
  readonly versionId: string;
}

/**
 * Reads the text of /etc/os-release; what is no assignment is passed over.
 * @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const assignment = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line);
    if (assignment?.[1] !== undefined) values.set(assignment[1], unquote(assignment[2] ?? ""));
  }
  const id = (values.get("ID") || "linux").toLowerCase();
  return {
    id,
    idLike: (values.get("ID_LIKE") ?? "").toLowerCase().split(/\s+/).filter(Boolean),
    prettyName: values.get("PRETTY_NAME") || values.get("NAME") || id,
    versionId: values.get("VERSION_ID") ?? "",
  };
}

/** A value as a shell would take it: in single quotes literally, else with backslash escapes. */
function unquote(value: string): string {
  if (value.length > 1 && value.startsWith("'") && value.endsWith("'")) return value.slice(1, -1);
  const inner = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  return inner.replace(/\\(.)/g, "$1");
}
