import { betweenEvents, EXIT_CODE, event, eventSchema, runDescription, SEQ } from "../../kernel/events.ts";
import { failedSchema } from "../../model/failed.ts";
import { settingChangesSchema } from "../../model/iteration.ts";
import { FINISH_REASONS } from "../../model/run.ts";
import { best, summaryOutput } from "../../model/views.ts";
import { TEXT } from "../../model/vocabulary.ts";
import { ANY, type OpenObjectSchema, TIMESTAMP } from "../../schema/dialect.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import type { Infer } from "../../schema/infer.ts";
import { planSchema } from "../../spec/plan.ts";
import { errorOutput, errorSchema } from "./shared.ts";

const OWN = [
  ...eventSchema.anyOf.map(({ properties }) => properties.type.const),
  "run.described",
  "run.planned",
  "run.summary",
  "resume.explained",
  "trial.output",
].map((type) => type.replaceAll(".", "\\."));

/** An event that is none of AURA's own. */
const otherEvent = {
  type: "object",
  description:
    "An event of another name, which a component of yours emitted or another version of AURA logged: open, what it tells is its own matter.",
  properties: {
    type: { type: "string", pattern: `^(?!(${OWN.join("|")})$)` },
    at: TIMESTAMP,
    seq: SEQ,
  },
  required: ["type", "at", "seq"],
  additionalProperties: ANY,
} as const satisfies OpenObjectSchema;

export const eventsOutput = described(
  "What `aura inspect <workspace> events --json` prints: the journal's events, oldest first.",
  exactly({ events: listOf({ anyOf: [...eventSchema.anyOf, otherEvent] }) }),
);

const NULL = { type: "null" } as const;

const frameStarted = event("run.started", {
  run: described(
    "Nothing is known when the first line is written but what the command line says; `run.described` has the rest.",
    exactly({
      runId: NULL,
      name: NULL,
      workspace: described("As the command line has it; `null` when it has none.", nullable(TEXT)),
      resumed: NULL,
      seed: NULL,
      metric: NULL,
      stop: NULL,
      best: NULL,
      totals: NULL,
    }),
  ),
});

const frameFinished = event(
  "run.finished",
  {
    exitCode: EXIT_CODE,
    reason: described("The stop condition that was reached, or what ended the command.", {
      enum: [...FINISH_REASONS, "dry-run", "explained"],
    }),
    best: described("`null` when nothing has a score, or no run was opened.", best),
  },
  {
    message: described("What else there is to say of the end, for people.", TEXT),
    lastFailed: failedSchema,
    error: described("What went wrong, when an error ended the command.", errorSchema),
  },
);

const planned = event("run.planned", { plan: described("What a run would do: with `--dry-run`.", planSchema) });

const explained = event("resume.explained", {
  changes: described(
    "Settings that are other than before; they count from the next proposals on.",
    settingChangesSchema,
  ),
  steps: described(
    "In the order they would be done: with `--explain`.",
    listOf(
      exactly({
        step: TEXT,
        action: described(
          "`reuse`: its record is there. `adopt`: its result, or what goes on to bring it, is there, what follows from it is not. `rerun`: it has to be done.",
          { enum: ["reuse", "adopt", "rerun"] },
        ),
        why: TEXT,
      }),
    ),
  ),
});

/** Lines that only the frame around a run's own events has. */
export const frameLines = [
  frameStarted,
  event("run.described", { run: runDescription }),
  planned,
  explained,
  frameFinished,
] as const;

export const runOutput = {
  description: "One line of what `aura run --json` and `aura resume --json` print.",
  anyOf: [...frameLines, ...betweenEvents, otherEvent],
} as const;

const summaryLine = exactly({
  type: { const: "run.summary" },
  at: TIMESTAMP,
  summary: summaryOutput,
});

export const followOutput = {
  description: "One line of what `aura inspect <workspace> [summary|events] --follow --json` prints.",
  anyOf: [summaryLine, ...eventSchema.anyOf, otherEvent, errorOutput],
} as const;

export type FrameLine = Infer<(typeof frameLines)[number]>;
/** How a command that runs a loop ended. */
export type RunEnding = Omit<Extract<FrameLine, { readonly type: "run.finished" }>, "type" | "at" | "seq">;
export type SummaryLine = Infer<typeof summaryLine>;
