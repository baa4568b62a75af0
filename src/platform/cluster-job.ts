import type {
  Files,
  LimitTier,
  LimitTiers,
  ProcessEnd,
  ProcessLimits,
  ProcessRequest,
  ProcessUsage,
} from "../kernel/effects.ts";
import type { View } from "../kernel/starter.ts";
import { defined, isJsonObject, type JsonObject, type JsonValue, parseJson } from "../model/json.ts";

/** A job as the program that runs it on a node of a cluster reads it. Its logs are raw: they may hold secrets. */
export interface NodeJob extends Omit<ProcessRequest, "stdin" | "secrets" | "onStart" | "onLine"> {
  readonly views?: readonly View[];
}

/** How a job on a node ended. `asked`: its cluster asked for that, and knows why. */
export interface NodeEnd {
  readonly end: ProcessEnd;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly message?: string;
  readonly usage?: ProcessUsage;
  readonly asked?: boolean;
}

/** Files of one job, in a folder that AURA and the nodes share. */
export interface NodeFiles {
  /** The `NodeJob`; without it the job is not wanted any more. */
  readonly job: string;
  /** Made by whoever is first: the job when it begins, or AURA when it must never begin. */
  readonly claim: string;
  /** The `NodeEnd`: complete when it is there. */
  readonly end: string;
  /** AURA was ending it: it is not gone on with. */
  readonly stop: string;
  readonly stdout: string;
  readonly stderr: string;
  /** What the cluster itself had to say. */
  readonly log: string;
}

export function nodeFiles(folder: string, index: number | string): NodeFiles {
  const file = (name: string): string => `${folder}/${index}.${name}`;
  return {
    job: file("job.json"),
    claim: file("claim.json"),
    end: file("end.json"),
    stop: file("stop"),
    stdout: file("stdout"),
    stderr: file("stderr"),
    log: file("log"),
  };
}

const ENDS: ReadonlySet<unknown> = new Set<ProcessEnd>([
  "exited",
  "timeout",
  "cancelled",
  "signal",
  "out-of-memory",
  "output-limit",
  "cannot-start",
  "spawn-error",
  "lost",
]);

/** How a job ended, by its file; `null` while there is none, or none that is whole: not every file system makes it at once. */
export function readNodeEnd(files: Pick<Files, "readText">, path: string): NodeEnd | null {
  const text = files.readText(path);
  const found = parseJson(text ?? "");
  if (!isJsonObject(found) || !isEnd(found.end)) return null;
  const { end, exitCode, signal, durationMs, message, usage, asked } = found;
  return {
    end,
    exitCode: typeof exitCode === "number" ? exitCode : null,
    signal: typeof signal === "string" ? signal : null,
    durationMs: typeof durationMs === "number" ? durationMs : 0,
    ...defined({ message: typeof message === "string" ? message : undefined }),
    ...(isJsonObject(usage) ? { usage: usageOf(usage) } : {}),
    ...(asked === true ? { asked } : {}),
  };
}

function usageOf({ cpuSeconds, peakMemoryBytes, limits, load, devices }: JsonObject): ProcessUsage {
  const number = (value: JsonValue | undefined): number | undefined => (typeof value === "number" ? value : undefined);
  const held = isJsonObject(limits) ? { limits: tiersOf(limits) } : {};
  const used = { cpuSeconds: number(cpuSeconds), peakMemoryBytes: number(peakMemoryBytes), load: number(load) };
  const given = Array.isArray(devices) ? { devices: devices.filter((name) => typeof name === "string") } : {};
  return { ...defined(used), ...held, ...given };
}

function tiersOf(limits: JsonObject): LimitTiers {
  return Object.fromEntries(Object.entries(limits).filter(([name, tier]) => LIMITS.has(name) && TIERS.has(tier)));
}

const LIMITS: ReadonlySet<string> = new Set<keyof ProcessLimits>([
  "memoryBytes",
  "pids",
  "cpuSeconds",
  "fileSizeBytes",
  "openFiles",
]);
const TIERS: ReadonlySet<unknown> = new Set<LimitTier>(["cgroup-v2", "cgroup-v1", "rlimit", "none"]);

function isEnd(value: unknown): value is ProcessEnd {
  return ENDS.has(value);
}
