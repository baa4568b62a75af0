import { describe, expect, it } from "vitest";
import type { AuraEvent } from "../../../src/kernel/events.ts";
import { createSilentReporter } from "../../../src/reporters/silent.ts";
import { createTee } from "../../../src/reporters/tee.ts";
import { liveEvents } from "../ui/recorded-events.ts";

describe("the tee", () => {
  it("hands every event to every sink in order", () => {
    const seen: string[] = [];
    const tee = createTee([
      (event) => seen.push(`a${event.seq}`),
      createSilentReporter(),
      (event) => seen.push(`b${event.seq}`),
    ]);
    for (const event of liveEvents.slice(0, 2)) tee(event);
    expect(seen).toEqual(["a0", "b0", "a1", "b1"]);
  });

  it("drops a sink that throws, says so once and goes on with the others", () => {
    const seen: AuraEvent[] = [];
    const dropped: unknown[] = [];
    const broken = (): void => {
      throw new Error("disk full");
    };
    const tee = createTee([broken, (event) => seen.push(event)], (error, index) =>
      dropped.push([String(error), index]),
    );
    for (const event of liveEvents) tee(event);
    expect(seen).toEqual(liveEvents);
    expect(dropped).toEqual([["Error: disk full", 0]]);
  });
});
