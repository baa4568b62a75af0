import type { ArtifactsView } from "../../kernel/context.ts";
import { diffSnapshots } from "./diff.ts";
import type { SnapshotEntry } from "./snapshot.ts";
import type { SnapshotStore } from "./store.ts";
import { decodeText } from "./text.ts";

export interface ViewOptions {
  /** State that the iteration under way starts from. */
  readonly base: string;
  /** State that the base was made from. */
  readonly parent: string;
  readonly start: string;
  /** Bytes of a file that are shown; what is longer is cut, with a line that says so. Default 256 KiB. */
  readonly maxFileBytes?: number;
  /** Bytes of a diff that are shown. Default 256 KiB. */
  readonly maxDiffBytes?: number;
}

const SHOWN_BYTES = 256 * 1024;

/** The recorded states as stages see them. */
export function createArtifactsView(store: SnapshotStore, options: ViewOptions): ArtifactsView {
  const { base, parent, start, maxFileBytes = SHOWN_BYTES, maxDiffBytes = SHOWN_BYTES } = options;
  return {
    base,
    parent,
    start,
    files: (state) =>
      store
        .read(state)
        .entries.filter((entry) => entry.kind !== "directory")
        .map((entry) => ({
          path: entry.path,
          size: entry.kind === "file" ? entry.size : 0,
          content: entry.kind === "file" ? contentOf(store, entry, maxFileBytes) : null,
        })),
    diff: (from, to) => diffSnapshots(store, from, to, { maxBytes: maxDiffBytes }),
  };
}

function contentOf(
  store: SnapshotStore,
  entry: Extract<SnapshotEntry, { kind: "file" }>,
  maxBytes: number,
): string | null {
  const text = decodeText(store.objects.read(entry.sha256));
  if (text === null || entry.size <= maxBytes) return text;
  const start = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, maxBytes)).replace(/\ufffd+$/, "");
  return `${start}\n[cut: ${maxBytes} of ${entry.size} bytes]\n`;
}
