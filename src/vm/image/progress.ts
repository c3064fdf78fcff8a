import type { Io } from "../../driver/index.js";

/**
 * Shows lines of a growing number of bytes, one a second at most: `debian-13: 120 of 412 MB, 11.3 MB/s`.
 * @param total undefined where it is not known
 * @returns what takes the number of bytes that are there
 */
export function watchProgress(
  name: string,
  total: number | undefined,
  { now, output }: Pick<Io, "now" | "output">,
): (sum: number) => void {
  const begin = now();
  let [first, last]: [number | undefined, number] = [undefined, begin];
  return (sum) => {
    first ??= sum;
    const at = now();
    if (at - last < 1_000) return;
    last = at;
    const rate = ((sum - first) / (at - begin) / 1_000).toFixed(1);
    output(`${name}: ${total === undefined ? "" : `${megabytes(sum)} of `}${megabytes(total ?? sum)} MB, ${rate} MB/s`);
  };
}

/** Millions of bytes, rounded. */
export function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}
