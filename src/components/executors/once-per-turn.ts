/**
 * Reads something at most once in a turn of the event loop. All lines of a chunk of output come in one turn, and there
 * may be thousands: to read the clock for each would cost more than the rest of what is done with them.
 */
export function oncePerTurn<T>(read: () => T): () => T {
  let known: { readonly value: T } | null = null;
  return () => {
    if (known !== null) return known.value;
    known = { value: read() };
    void Promise.resolve().then(() => {
      known = null;
    });
    return known.value;
  };
}
