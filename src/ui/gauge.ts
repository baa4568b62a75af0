const LEVELS = "▁▂▃▄▅▆▇█";

/** A line of small columns, one a value, thinned evenly to at most `width`; a flat series is drawn low. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0 || width <= 0) return "";
  const shown =
    values.length <= width
      ? values
      : Array.from({ length: width }, (_, i) => values[Math.round((i * (values.length - 1)) / Math.max(1, width - 1))]);
  const low = values.reduce((least, value) => Math.min(least, value));
  const span = values.reduce((greatest, value) => Math.max(greatest, value)) - low;
  return shown
    .map((value = low) => LEVELS[span > 0 ? Math.round(((value - low) / span) * (LEVELS.length - 1)) : 0])
    .join("");
}

/** A thin bar of at most `width` columns for a share between 0 and 1, in halves of a column; never empty. */
export function scoreBar(share: number, width: number): string {
  const halves = Math.max(1, Math.round(Math.min(1, Math.max(0, share)) * width * 2));
  return "━".repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? "╸" : "");
}

/** A progress bar of exactly `width` columns: what is done and what is left. Without a share it is an empty rail. */
export function progressBar(share: number | null, width: number): readonly [done: string, left: string] {
  const room = Math.max(0, width);
  const done = share === null ? 0 : Math.round(Math.min(1, Math.max(0, share)) * room);
  return ["━".repeat(done), "─".repeat(room - done)];
}
