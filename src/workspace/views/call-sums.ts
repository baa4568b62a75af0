import type { CallRow, CallSum } from "../../model/views.ts";

/** What calls used together, by the stage that asked, by runner, and by iteration; in the order in which each first comes. */
export function callSums(calls: readonly CallRow[]): readonly CallSum[] {
  const ways = [
    { by: "stage", nameOf: ({ role }: CallRow) => role },
    { by: "runner", nameOf: ({ runner }: CallRow) => runner },
    { by: "iteration", nameOf: ({ iteration }: CallRow) => String(iteration) },
  ] as const;
  return ways.flatMap(({ by, nameOf }) =>
    [...new Set(calls.map(nameOf))].map((name) => {
      const these = calls.filter((call) => nameOf(call) === name);
      return { by, name, ...sumOf(these) };
    }),
  );
}

function sumOf(calls: readonly CallRow[]): Omit<CallSum, "by" | "name"> {
  const answered = calls.filter(({ inputTokens }) => inputTokens !== null);
  const sum = (of: (call: CallRow) => number | null): number =>
    answered.reduce((total, call) => total + (of(call) ?? 0), 0);
  return {
    calls: calls.length,
    inputTokens: sum((call) => call.inputTokens),
    outputTokens: sum((call) => call.outputTokens),
    estimated: answered.filter(({ estimated }) => estimated).length,
    costUsd: sum((call) => call.costUsd),
    unpriced: answered.filter(({ costUsd }) => costUsd === null).length,
  };
}
