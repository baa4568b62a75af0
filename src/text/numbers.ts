import { clip, terminalLine } from "./printable.ts";

/** A score for people, at four significant digits or so: `0.9694`, `12.346`, `1.2e-7`; `-` for none. */
export function formatScore(score: number | null): string {
  if (score === null || !Number.isFinite(score)) return "-";
  const size = Math.abs(score);
  if (Number.isInteger(score) && size < 1e7) return String(score);
  if (size >= 1e7 || size < 1e-4) return trimExponent(score.toExponential(2));
  if (size < 0.01) return String(Number(score.toPrecision(3)));
  return score.toFixed(size >= 1000 ? 1 : size >= 100 ? 2 : size >= 1 ? 3 : 4);
}

/** Formats scores that stand together: in full digits those that would look equal and are not. */
export function scoreFormat(scores: readonly (number | null | undefined)[]): (score: number | null) => string {
  const looks = new Map<string, Set<number>>();
  for (const score of scores) {
    if (typeof score !== "number") continue;
    const text = formatScore(score);
    looks.set(text, (looks.get(text) ?? new Set()).add(score));
  }
  return (score) => {
    const text = formatScore(score);
    return score !== null && (looks.get(text)?.size ?? 0) > 1 ? String(score) : text;
  };
}

/** A duration in its two largest units: `850ms`, `12s`, `3m12s`, `30m`, `2h05m`, `3d04h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const rest = (n: number, unit: string): string => (n === 0 ? "" : `${String(n).padStart(2, "0")}${unit}`);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${rest(seconds % 60, "s")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${rest(minutes % 60, "m")}`;
  return `${Math.floor(hours / 24)}d${rest(hours % 24, "h")}`;
}

/** A count in at most about four characters: `950`, `12.4k`, `3.1M`. */
export function formatCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  const [value, unit] = count < 999_950 ? [count / 1000, "k"] : [count / 1_000_000, "M"];
  return `${value < 100 ? String(Number(value.toFixed(1))) : Math.round(value)}${unit}`;
}

/** US dollars: `$0.0031`, `$0.12`, `$12.50`, `$5`. */
export function formatCost(usd: number): string {
  if (Number.isInteger(usd)) return `$${usd}`;
  return `$${usd.toFixed(usd < 0.01 ? 4 : 2)}`;
}

/** What calls cost together, so many of them at a price that is not known: `$0.12`, `at least $0.12`, `unknown`. */
export function formatSpent(usd: number, unpriced: number): string {
  if (unpriced === 0) return formatCost(usd);
  return usd === 0 ? "unknown" : `at least ${formatCost(usd)}`;
}

/** How many there are of something: `1 trial`, `3 trials`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** The parameters of a hypothesis for people: at most 24, names to 40 and values to 60 characters, numbers at four digits. */
export function parametersOf(spec: Readonly<Record<string, unknown>>): readonly Parameter[] {
  return Object.entries(spec)
    .slice(0, 24)
    .map(([name, value]) => ({ name: clip(terminalLine(name), 40), value: clip(shortValue(value), 60) }));
}

/** `lr=0.01 hidden=64` of a hypothesis's parameters. */
export function parametersText(parameters: readonly Parameter[]): string {
  return parameters.map(({ name, value }) => `${name}=${value}`).join(" ");
}

function shortValue(value: unknown): string {
  if (typeof value === "number") {
    if (Number.isInteger(value)) return String(value);
    return trimExponent(Math.abs(value) < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(4))));
  }
  return terminalLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

function trimExponent(text: string): string {
  return text
    .replace(/(\.\d*?)0*e/, "$1e")
    .replace(".e", "e")
    .replace("e+", "e");
}
