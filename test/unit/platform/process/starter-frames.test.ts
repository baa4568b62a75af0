import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, frame } from "../../../../src/platform/process/starter-frames.ts";

const STREAMED = 3;

/** What arrives of frames, with the pieces of streamed ones put together. */
function read(chunks: readonly Buffer[]): readonly string[] {
  const heard: { type: number; child: number; text: string }[] = [];
  const reader = new FrameReader({
    streamed: new Set([STREAMED]),
    onFrame: (type, child, payload) => {
      const last = heard.at(-1);
      const more = type === STREAMED && last?.type === type && last.child === child;
      if (more) last.text += payload.toString("latin1");
      else heard.push({ type, child, text: payload.toString("latin1") });
      payload.fill(0);
    },
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return heard.map(({ type, child, text }) => `${type} ${child} ${text}`);
}

test("frames arrive whole and in order, however the bytes between them are cut", () => {
  const one = fc.record({
    type: fc.constantFrom(1, 2, STREAMED),
    child: fc.nat(2 ** 32 - 1),
    payload: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 })), (frames, cuts) => {
      const numbered = frames.map((each, place) => ({ ...each, child: place }));
      const bytes = Buffer.concat(numbered.map(({ type, child, payload }) => frame(type, child, Buffer.from(payload))));
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = cuts[turn % Math.max(1, cuts.length)] ?? 7;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(read(chunks)).toEqual(
        numbered.map(({ type, child, payload }) => `${type} ${child} ${Buffer.from(payload).toString("latin1")}`),
      );
    }),
  );
});
