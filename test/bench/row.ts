/** One line of the result. Times are seconds, memory is in megabytes (10^6 bytes). */
export interface Row {
  readonly name: string;
  readonly unit: "s" | "MB";
  readonly measured: number;
  /** What cannot be avoided: the ratio is `measured` over this. `of` says what it is made of. */
  readonly floor?: { readonly of: string; readonly measured: number };
  /** Greatest ratio that is wanted; where there is no floor, greatest value. */
  readonly target?: number;
  /** The same of docker-machine, where REF_BIN names one. */
  readonly reference?: number | undefined;
}

/** A row with what follows from it. */
export interface Judged extends Row {
  readonly ratio?: number;
  readonly referenceRatio?: number;
  /** Absent where there is no target. */
  readonly holds?: boolean;
}

export function judge(row: Row): Judged {
  const { measured, floor, target, reference } = row;
  const ratio = floor && measured / floor.measured;
  return {
    ...row,
    ...(ratio === undefined ? {} : { ratio }),
    ...(floor === undefined || reference === undefined ? {} : { referenceRatio: reference / floor.measured }),
    ...(target === undefined ? {} : { holds: (ratio ?? measured) <= target }),
  };
}

/** For people: one line each, in columns. */
export function table(rows: readonly Judged[]): string {
  const header = ["", "machine", "floor", "ratio", "target", "", "docker-machine", "ratio", "floor is"];
  const lines = rows.map((row) => [
    row.name,
    withUnit(row.measured, row.unit),
    row.floor === undefined ? "" : withUnit(row.floor.measured, row.unit),
    asRatio(row.ratio),
    row.target === undefined ? "" : row.floor === undefined ? withUnit(row.target, row.unit) : asRatio(row.target),
    row.holds === undefined ? "" : row.holds ? "holds" : "MISSED",
    row.reference === undefined ? "" : withUnit(row.reference, row.unit),
    asRatio(row.referenceRatio),
    row.floor?.of ?? "",
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => line[column]?.length ?? 0)));
  const isText = (column: number): boolean => column === 0 || column === header.length - 1;
  return [header, ...lines]
    .map((line) =>
      line
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function withUnit(value: number, unit: Row["unit"]): string {
  return unit === "MB" ? `${value.toFixed(value < 10 ? 1 : 0)} MB` : `${value.toFixed(value < 10 ? 3 : 1)} s`;
}

function asRatio(ratio: number | undefined): string {
  return ratio === undefined ? "" : ratio.toFixed(2);
}
