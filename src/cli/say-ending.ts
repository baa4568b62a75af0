import { relative } from "node:path";
import type { FinishReason } from "../model/run.ts";
import { closingText } from "../reporters/closing.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Session } from "./session.ts";

type Ending = { readonly reason: FinishReason; readonly message?: string };

/** The last words for people: on stdout, or on stderr when stdout is for machines. */
export function sayEnding(
  { workspace, flags, frame }: Pick<Session, "flags" | "frame"> & { readonly workspace: Workspace },
  metric: { readonly name: string; readonly baseline?: number },
  ending: Ending,
): void {
  if (flags.reporter === "silent") return;
  const manifest = workspace.readManifest();
  if (!manifest) return;
  const { best } = manifest;
  const hypothesis = best ? workspace.readHypothesis(best.id) : null;
  const here = relative(process.cwd(), workspace.root) || ".";
  const text = closingText({
    name: manifest.name,
    workspace: here.startsWith("..") ? workspace.root : here,
    reason: ending.reason,
    ...(ending.message === undefined ? {} : { message: ending.message }),
    metric,
    best:
      best && hypothesis
        ? { ...best, ...(hypothesis.label === undefined ? {} : { label: hypothesis.label }), spec: hypothesis.spec }
        : null,
    iterationsCompleted: manifest.iterationsCompleted,
    totals: manifest.totals,
    resumable: manifest.status !== "finished",
  });
  (frame ? process.stderr : process.stdout).write(`\n${text}`);
}
