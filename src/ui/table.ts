/** The narrowest a column can be, its padding included. */
const minWidth = 5;
const padding = 3;

/**
 * Aligns lines whose cells end in tabs, as Go's text/tabwriter does for docker-machine's `ls`:
 * columns at least five wide, three spaces after the widest cell, width counted in code points.
 * What follows the last tab of a line is not padded. A column reaches over neighbouring lines that have it,
 * so a line with fewer cells begins a new one.
 */
export function align(text: string): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  dropOpenCell(lines.at(-1) ?? []);
  const columns = Math.max(...lines.map((cells) => cells.length - 1));
  for (let column = 0; column < columns; column += 1) padColumn(lines, column);
  return lines.map((cells) => cells.join("")).join("\n");
}

/** Characters of a cell: one that is longer would push the others out of sight. */
const cellLimit = 400;

/** The same of rows of cells, each a line. A cell is one line as well, and at most 400 characters of it. */
export function table(rows: readonly (readonly string[])[]): string {
  return align(rows.map((row) => `${row.map(cellOf).join("\t")}\n`).join(""));
}

function cellOf(text: string): string {
  const line = text.replace(/[\t\n]/g, " ");
  return line.length <= cellLimit ? line : `${line.slice(0, cellLimit)}...`;
}

/** A tab that ends the text begins no cell, so what is before it counts as the last one. */
function dropOpenCell(cells: string[]): void {
  if (cells.length > 1 && cells.at(-1) === "") cells.pop();
}

function padColumn(lines: readonly string[][], column: number): void {
  let block: string[][] = [];
  for (const cells of [...lines, []]) {
    if (cells.length - 1 > column) {
      block.push(cells);
      continue;
    }
    const width = Math.max(minWidth, ...block.map((line) => widthOf(line[column]) + padding));
    for (const line of block) line[column] = padTo(width, line[column]);
    block = [];
  }
}

function padTo(width: number, cell = ""): string {
  return cell + " ".repeat(width - widthOf(cell));
}

function widthOf(cell = ""): number {
  return Array.from(cell).length;
}
