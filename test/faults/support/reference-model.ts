import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { differences, readTree } from "./tree.ts";

/*
 * The promises about a resumed run, in a few lines that share no code with what they are held against: files are read
 * as plain JSON, and what a run did is counted by the trials and the model themselves.
 */

/** Fields that may differ between a run that was killed and one that was not. */
const OUTSIDE = /At$|^(durationMs|pid|host|bootId|attempt|attempts)$/;
/** Folders of attempts and their logs. */
const ATTEMPT = /\.a\d+(\.std(out|err)\.log)?$/;
/** A writer that was killed may leave these; whoever writes next removes them. */
const TEMPORARY = /(^|\/)\.[^/]*\.tmp$/;

/** What of a workspace has to be equal, by path. */
export function essenceOf(workspace: string): ReadonlyMap<string, string> {
  const essence = new Map<string, string>();
  const records = readTree(join(workspace, "iterations"), (path) => !ATTEMPT.test(path));
  for (const [path, text] of records) {
    essence.set(`iterations/${path}`, path.endsWith(".json") ? plain(text.slice(5)) : text);
  }
  for (const [path, text] of readTree(join(workspace, "artifacts"))) essence.set(`artifacts/${path}`, text);
  const states = readTree(join(workspace, "snapshots"));
  for (const [path, text] of states) essence.set(`snapshots/${path}`, text);
  essence.set("best", JSON.stringify(readJson(join(workspace, "run.json"))?.best));
  return essence;
}

/** How a workspace differs from that of the undisturbed run; empty when it does not. */
export function differencesFrom(expected: ReadonlyMap<string, string>, workspace: string): string[] {
  return differences(expected, essenceOf(workspace));
}

/** Files of a killed writer that nobody cleared away. */
export function leftoversIn(workspace: string): string[] {
  const tree = readTree(workspace, (path) => !ATTEMPT.test(path));
  return [...tree.keys()].filter((path) => TEMPORARY.test(path));
}

/** What has happened outside AURA so far: how often each trial started, how often each prompt was answered. */
export interface Tally {
  readonly starts: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
}

/** What must not be done again, as the records on disk say before a life of the run begins. */
export interface Promises {
  /** What the life that followed did against them; empty when it kept them. */
  broken(): string[];
}

/** Notes what is finished and paid for now. `tally` is asked again when the life is over. */
export function promisesOf(workspace: string, tally: () => Tally): Promises {
  const before = tally();
  const trials = recordsOf(workspace, "trials").filter(({ state }) => state === "finished");
  const calls = recordsOf(workspace, "calls").filter(({ state }) => state === "finished");
  const totals = totalsOf(workspace);
  return {
    broken() {
      const now = tally();
      const again = trials
        .map(({ id }) => String(id))
        .filter((id) => (now.starts.get(id) ?? 0) > (before.starts.get(id) ?? 0))
        .map((id) => `R1: ${id} had finished and was started again`);
      const open = recordsOf(workspace, "calls").filter(({ id }) => !calls.some((call) => call.id === id));
      const paid = calls
        .filter(({ promptHash: prompt }) => {
          // Two asks of an iteration may have the same words.
          const others = open.filter(({ promptHash }) => promptHash === prompt).length;
          return count(now.calls, prompt) > count(before.calls, prompt) + others;
        })
        .map(({ id }) => `R2: the reply of ${id} was recorded and was paid for again`);
      const later = totalsOf(workspace);
      const down = Object.entries(totals)
        .filter(([name, value]) => Number(later[name] ?? 0) < Number(value))
        .map(([name, value]) => `R3: ${name} went down from ${value} to ${later[name]}`);
      return [...again, ...paid, ...down, ...wentDown(workspace)];
    },
  };
}

/** Totals as the event log tells them, which may not go down either. */
function wentDown(workspace: string): string[] {
  const file = join(workspace, "journal.jsonl");
  if (!existsSync(file)) return [];
  const highest = new Map<string, number>();
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      const event = parse(line);
      const totals = object(event?.totals) ?? object(object(event?.run)?.totals);
      return Object.entries(totals ?? {}).flatMap(([name, value]) => {
        const down = Number(value) < (highest.get(name) ?? 0);
        const told = `R3: the log tells ${name} ${value} after ${highest.get(name)}`;
        highest.set(name, Math.max(Number(value), highest.get(name) ?? 0));
        return down ? [told] : [];
      });
    });
}

type Json = Readonly<Record<string, unknown>>;

function recordsOf(workspace: string, folder: "trials" | "calls"): readonly Json[] {
  const iterations = join(workspace, "iterations");
  const found: Json[] = [];
  for (const iteration of existsSync(iterations) ? readdirSync(iterations) : []) {
    const records = join(iterations, iteration, folder);
    const names = existsSync(records) ? readdirSync(records).filter((name) => /^[^.].*\.json$/.test(name)) : [];
    for (const name of names) found.push(readJson(join(records, name)) ?? {});
  }
  return found;
}

function totalsOf(workspace: string): Json {
  return object(readJson(join(workspace, "run.json"))?.totals) ?? {};
}

function count(counts: ReadonlyMap<string, number>, key: unknown): number {
  return counts.get(String(key)) ?? 0;
}

/** A record without what may differ. */
function plain(text: string): string {
  const kept = (key: string, value: unknown): unknown => (OUTSIDE.test(key) ? undefined : value);
  const value: unknown = JSON.parse(text);
  return JSON.stringify(value, kept, 1);
}

function readJson(path: string): Json | null {
  return existsSync(path) ? parse(readFileSync(path, "utf8")) : null;
}

function parse(text: string): Json | null {
  try {
    return object(JSON.parse(text));
  } catch {
    return null;
  }
}

function object(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
}
