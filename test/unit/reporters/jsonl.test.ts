import { describe, expect, it } from "vitest";
import { createJsonlReporter } from "../../../src/reporters/jsonl.ts";
import { interruptedEvents } from "../ui/recorded-events.ts";

describe("the jsonl reporter", () => {
  it("writes each event but trial output as one line that parses to the event", () => {
    const lines: string[] = [];
    const sink = createJsonlReporter({ write: (line) => lines.push(line) });
    for (const event of interruptedEvents) sink(event);
    const kept = interruptedEvents.filter(({ type }) => type !== "trial.output");
    expect(lines.map((line) => JSON.parse(line))).toEqual(kept.map((event) => JSON.parse(JSON.stringify(event))));
  });

  it("holds no byte that a terminal or a line reader would act on", () => {
    const sink = createJsonlReporter({
      write: (line) => expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u),
    });
    for (const event of interruptedEvents) sink(event);
  });
});
