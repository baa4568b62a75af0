import { resolve } from "node:path";
import { EXIT, StorageError, UsageError, WorkspaceError } from "../kernel/errors.ts";
import { isJsonObject } from "../model/json.ts";
import type { RunManifest } from "../model/run.ts";
import { systemEffects } from "../platform/system.ts";
import { shellPath } from "../text/shell.ts";
import { peekLock } from "../workspace/lock/holder.ts";
import { leaveRequest, type RequestKind } from "../workspace/requests.ts";
import { manifestOf } from "../workspace/views/queries.ts";
import { guarded } from "./output.ts";
import { asTyped } from "./typed.ts";

/** A prompt holds no more of a note. */
const LONGEST_NOTE = 4000;
/** A run looks four times a second. */
const PATIENCE_MS = 5000;

const HEARD: Readonly<Record<RequestKind, string>> = {
  stop: "it starts nothing more, and ends when what runs is finished and scored",
  pause: "it starts nothing more until `aura continue`; what runs is finished",
  continue: "it goes on",
  note: "the next iteration's prompts have it",
};

const UNREAD = "read by nothing: no part of this run asks a model";

/** `aura stop|pause|continue <workspace>` and `aura note <workspace> TEXT`: asks it of the run, and waits until that has heard. */
export async function request(kind: RequestKind, place: string, note = ""): Promise<number> {
  return guarded({}, async () => {
    const root = resolve(place);
    const effects = systemEffects();
    const { files, clock } = effects;
    const manifest = manifestOf(root, files);
    const isUnread = kind === "note" && !asksModel(manifest);
    const text = note.trim();
    if (kind === "note" && (text === "" || text.length > LONGEST_NOTE))
      throw new UsageError(`a note has 1 to ${LONGEST_NOTE} characters, and this has ${text.length}`);
    const lock = peekLock(root, effects);
    const isLive = lock.state === "held" || lock.state === "foreign";
    if (!isLive && kind !== "note")
      throw new WorkspaceError("usage", `nothing runs in ${root}\ngo on with it: aura resume ${shellPath(place)}`);
    const path = leave(
      () => leaveRequest(root, effects, kind, kind === "note" ? text : isLive ? lock.holder.token : ""),
      root,
      isLive,
    );
    const say = (words: string): number => {
      process.stdout.write(asTyped(`${words}\n`));
      return EXIT.ok;
    };
    if (!isLive && isUnread) return say(`noted, and ${UNREAD}`);
    if (!isLive) return say(`noted; nothing runs in ${place} now: the next resume hears it`);
    using deadline = clock.deadline(PATIENCE_MS);
    while (files.stat(path) !== null && !deadline.signal.aborted)
      await clock.sleep(50, deadline.signal).catch(() => undefined);
    const heard = isUnread ? `heard, and ${UNREAD}` : `heard: ${HEARD[kind]}`;
    return say(files.stat(path) === null ? heard : "left for the run, which has not heard it yet");
  });
}

/** Whether a prompt may have a note. A module's manifest does not say. */
function asksModel({ spec: { researcher, reviewer } }: RunManifest): boolean {
  if (!isJsonObject(researcher) || researcher.type !== "search") return true;
  return isJsonObject(reviewer) && reviewer.type !== "none" && reviewer.type !== "stats";
}

/** Says of a failure to write that it is the asking that failed, and nothing of the run. */
function leave(write: () => string, root: string, isLive: boolean): string {
  try {
    return write();
  } catch (thrown) {
    if (!(thrown instanceof StorageError)) throw thrown;
    const what = isLive ? "ask the run, which goes on all the same, by writing to" : "leave the note for a resume in";
    throw new StorageError(what, root, thrown.cause);
  }
}
