import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, StreamRedaction } from "../../../src/kernel/redact.ts";

function through(redaction: StreamRedaction, chunks: readonly Uint8Array[]): string {
  const parts = [...chunks.map((chunk) => redaction.push(chunk)), redaction.finish()];
  return Buffer.concat(parts).toString("latin1");
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("a stream without secrets", () => {
  test("is the same wherever it is cut", () => {
    const forms = createRedactor(["secret-one", "secret-two", "äöüß€€"]).forms;
    const words = fc.constantFrom("secret-one", "secret-two", "secret-", "one", "äöüß€€", "s", "\n", "xyz");
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (all, cuts) => {
          const whole = bytes(all.join(""));
          const chunks: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          const expected = all.join("").replaceAll(/secret-one|secret-two|äöüß€€/g, "[redacted]");
          expect(through(new StreamRedaction(forms), chunks)).toBe(Buffer.from(expected).toString("latin1"));
        },
      ),
    );
  });

  test("keeps every other byte, also what is no text", () => {
    const noise = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7) % 256);
    expect(through(new StreamRedaction(["secret"]), [noise])).toBe(Buffer.from(noise).toString("latin1"));
  });
});
