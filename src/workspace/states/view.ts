import type { ArtifactsView } from "../../kernel/context.ts";
import type { HypothesisId } from "../../model/ids.ts";
import { diffSnapshots } from "./diff.ts";
import type { SnapshotStore } from "./store.ts";
import { decodeText } from "./text.ts";

export interface ViewOptions {
  /** State that the iteration under way starts from. */
  readonly base: string;
  /** State that the base was made from. */
  readonly parent: string;
  readonly start: string;
  /** The hypothesis whose state the base is. */
  readonly baseOf: HypothesisId;
}

/** Bytes of a file, or of a diff, that are shown; what is longer is cut, with a line that says so. */
const SHOWN_BYTES = 256 * 1024;

/** The recorded states as stages see them. */
export function createArtifactsView(store: SnapshotStore, options: ViewOptions): ArtifactsView {
  return {
    ...options,
    files: (state) =>
      store
        .read(state)
        .entries.filter((entry) => entry.kind !== "directory")
        .map((entry) => ({
          path: entry.path,
          size: entry.kind === "file" ? entry.size : 0,
          content: entry.kind === "file" ? shownContent(store.objects.read(entry.sha256)) : null,
        })),
    diff: (from, to) => diffSnapshots(store, from, to, { maxBytes: SHOWN_BYTES }),
  };
}

/** A file's text as prompts show it, cut where it is long; `null` for what is no text. */
export function shownContent(bytes: Uint8Array): string | null {
  const text = decodeText(bytes);
  if (text === null || bytes.length <= SHOWN_BYTES) return text;
  const start = new TextDecoder()
    .decode(new TextEncoder().encode(text).subarray(0, SHOWN_BYTES))
    .replace(/\ufffd+$/, "");
  return `${start}\n[cut: ${SHOWN_BYTES} of ${bytes.length} bytes]\n`;
}
