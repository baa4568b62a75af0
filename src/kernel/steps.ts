/** Work in pieces: a generator that yields wherever something else may have its turn. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** As many bytes are read in a few milliseconds. */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** What a file takes even when it is empty, in bytes read. */
const FILE_BYTES = 8 * 1024;

/** Tells, file by file with its size in bytes, whether enough was read to let others have their turn. */
export function pieceOfFiles(): (size: number) => boolean {
  let bytes = 0;
  return (size) => {
    bytes += size + FILE_BYTES;
    if (bytes < PIECE_BYTES) return false;
    bytes = 0;
    return true;
  };
}

/** Does it all at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Awaits `turn` after each piece; when that throws, the rest is left undone. */
export async function inTurns<T>(steps: Steps<T>, turn: () => Promise<void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    try {
      await turn();
    } catch (thrown) {
      // What the work holds open is let go of.
      steps.throw(thrown);
    }
  }
}
