import { terminalLine } from "../text/printable.ts";
import { displayWidth, toWidth, truncate } from "../text/width.ts";

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
  /** Most columns of the terminal it takes; default 40. The last column gets what is left of the line. */
  readonly max?: number;
}

/**
 * A table for people: columns as wide as what is in them (by display width), two blanks apart, each line at most
 * `width` columns, no blanks at line ends. Cells are made safe for a terminal.
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = rows.map((row) => columns.map((_, index) => terminalLine(row[index] ?? "")));
  const widths = columns.map(({ head, max = 40 }, index) =>
    Math.min(max, Math.max(displayWidth(head), ...cells.map((row) => displayWidth(row[index] ?? "")))),
  );
  const last = columns.length - 1;
  const used = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0);
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align = "left" }, index) =>
        index === last
          ? truncate(row[index] ?? "", Math.max(10, width - used))
          : toWidth(row[index] ?? "", widths[index] ?? 0, align),
      )
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ head }) => head)), ...cells.map(line)];
}
