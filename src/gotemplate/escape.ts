import { isPrint } from "./quote.js";

const htmlEntities: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

/** Text for HTML, as Go's `html` writes it. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => htmlEntities[char] ?? char);
}

/** Text for a JavaScript string, as Go's `js` writes it: quotes escaped, markup and the unprintable as \uXXXX. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|\p{Cc}|[^\p{ASCII}]/gu, (char) => {
    if (char === "\x7f") return char;
    if ("\\'\"".includes(char)) return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code > 0x7f && isPrint(char) ? char : `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** Text for a URL's query, as Go's `urlquery` writes it: a space is `+`. */
export function escapeQuery(text: string): string {
  const bytes = Array.from(Buffer.from(text), (byte) => String.fromCharCode(byte)).join("");
  return bytes.replace(/[^A-Za-z0-9\-_.~]/g, (char) => {
    return char === " " ? "+" : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
