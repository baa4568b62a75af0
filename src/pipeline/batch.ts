/** What became of a batch: its results in the order of its items, and whether all of them were run. */
export interface BatchOutcome<R> {
  readonly results: readonly R[];
  readonly complete: boolean;
}

/**
 * Runs `task` over `items`, at most `width` at a time, started in order. A task that answers `null` was cut short or may
 * not start. When one throws, no further one is started, the others are waited for, and the first error is thrown.
 */
export async function runBatch<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T, index: number) => Promise<R | null>,
): Promise<BatchOutcome<R>> {
  const results: (R | null)[] = new Array<R | null>(items.length).fill(null);
  const errors: unknown[] = [];
  let next = 0;

  const worker = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      const item = items[index];
      if (item === undefined) continue;
      try {
        results[index] = await task(item, index);
      } catch (thrown) {
        errors.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  const done = results.filter((result): result is R => result !== null);
  return { results: done, complete: done.length === items.length };
}
