import { type Files, PROCESS_ENDS, type ProcessRequest } from "../kernel/effects.ts";
import type { View } from "../kernel/starter.ts";
import { parseJson } from "../model/json.ts";
import { usageSchema } from "../model/trial.ts";
import { FLAG, NUMBER, TEXT } from "../model/vocabulary.ts";
import { MILLISECONDS } from "../schema/dialect.ts";
import { exactly, listOf, nullable } from "../schema/exactly.ts";
import { fits } from "../schema/fits.ts";
import type { Infer } from "../schema/infer.ts";

/** A job as the program that runs it on a node of a cluster reads it. Its logs are raw: they may hold secrets. */
export interface NodeJob extends Omit<ProcessRequest, "stdin" | "secrets" | "onStart" | "onLine"> {
  readonly views?: readonly View[];
}

const nodeEndSchema = exactly(["message", "usage", "asked"], {
  end: { enum: PROCESS_ENDS },
  exitCode: nullable(NUMBER),
  signal: nullable(TEXT),
  durationMs: MILLISECONDS,
  message: TEXT,
  usage: exactly(["cpuSeconds", "peakMemoryBytes", "limits", "load", "devices"], {
    ...usageSchema.properties,
    load: nullable(NUMBER),
    devices: listOf(TEXT),
  }),
  asked: FLAG,
});
/** How a job on a node ended. `asked`: its cluster asked for that, and knows why. */
export type NodeEnd = Infer<typeof nodeEndSchema>;

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

/** How a job ended, by its file; `null` while there is none, or none that is whole: not every file system makes it at once. */
export function readNodeEnd(files: Pick<Files, "readText">, path: string): NodeEnd | null {
  const found = parseJson(files.readText(path) ?? "");
  return fits(found, nodeEndSchema) ? found : null;
}
