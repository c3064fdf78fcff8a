/**
 * The shell scripts that cloud-init would run, in order: the user data itself, or those parts of a MIME multipart that
 * are of the type text/x-shellscript. Other kinds of parts are left out.
 */
export function shellScripts(userData: string): string[] {
  if (userData.startsWith("#!")) return [userData];
  const { headers, body } = split(userData);
  const boundary = /^multipart\/.*boundary="?([^";]+)"?/is.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return [];
  const parts = `\n${body}`.split(`\n--${boundary}`).slice(1, -1);
  return parts.flatMap((part) => {
    const inner = split(part.replace(/^[^\n]*\n/, ""));
    const type = inner.headers["content-type"] ?? "";
    if (type.startsWith("multipart/")) return shellScripts(part.replace(/^[^\n]*\n/, ""));
    return type.startsWith("text/x-shellscript") ? [decoded(inner)] : [];
  });
}

interface Part {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function split(text: string): Part {
  const plain = text.replaceAll("\r\n", "\n");
  const end = plain.startsWith("\n") ? 0 : plain.indexOf("\n\n");
  const lines = plain
    .slice(0, Math.max(end, 0))
    .replace(/\n[ \t]+/g, " ")
    .split("\n");
  const pairs = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, Math.max(colon, 0)).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers: Object.fromEntries(pairs), body: plain.slice(end).replace(/^\n{1,2}/, "") };
}

function decoded({ headers, body }: Part): string {
  const base64 = headers["content-transfer-encoding"]?.toLowerCase() === "base64";
  return base64 ? Buffer.from(body, "base64").toString() : body;
}
