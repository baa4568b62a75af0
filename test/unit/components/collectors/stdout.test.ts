import { describe, expect, it } from "vitest";
import { StdoutCollector } from "../../../../src/components/collectors/stdout.ts";
import type { RawResult } from "../../../../src/kernel/ports.ts";
import { cpuTime } from "../../../support/cpu-time.ts";
import { executionRig, exited, hypothesis } from "../../../support/execution-rig.ts";

function raw(text: string, stderrTail = "the last words", truncated = false): RawResult {
  const stdout = text.split("\n").map((line, i) => ({ text: line, observedAt: new Date(i * 1000).toISOString() }));
  return exited({ stderrTail, lines: { stdout, truncated } });
}

async function collect(text: string, collector = new StdoutCollector()) {
  using rig = executionRig();
  return await collector.collect(raw(text), hypothesis(), rig.trial());
}

describe("the stdout collector", () => {
  it("takes the last JSON object", async () => {
    expect(await collect('{"accuracy": 0.1}\nnoise\n{"accuracy": 0.9, "n": {"m": 1}}\ndone: 5')).toEqual({
      output: { accuracy: 0.9, n: { m: 1 } },
      steps: [],
    });
  });

  it("takes the metric however many other names were printed before it", async () => {
    const epochs = Array.from({ length: 3000 }, (_, epoch) => `epoch ${epoch}: 1.0`).join("\n");
    expect(await collect(`${epochs}\naccuracy: 0.25`)).toMatchObject({ output: { accuracy: 0.25 } });
  });

  it("says of a trial without metrics whether lines were left unread", async () => {
    using rig = executionRig();
    const collected = await new StdoutCollector().collect(raw("hello", "", true), hypothesis(), rig.trial());
    expect(collected).toMatchObject({ failure: { message: expect.stringContaining("only the newest are read") } });
  });

  it("says how text is collected where the score is no number that a trial prints", async () => {
    using rig = executionRig();
    const collector = new StdoutCollector();
    const judged = { ...rig.trial(), scoring: { scorer: "a judge" } };
    const hint = /; text that is scored by other means is collected with collector: \{ type: stdout, parse: text \}$/;
    expect(await collector.collect(raw("hello"), hypothesis(), judged)).toMatchObject({
      failure: { message: expect.stringMatching(hint) },
    });
    expect(await collector.collect(raw("hello"), hypothesis(), rig.trial())).toMatchObject({
      failure: { message: expect.not.stringMatching(hint) },
    });
  });

  it("takes an object that is spread over lines", async () => {
    const printed = JSON.stringify({ accuracy: 0.9, list: [1, { a: 2 }], nested: { b: null } }, null, 2);
    expect(await collect(`{"accuracy": 0.1}\n${printed}\nbye`)).toMatchObject({
      output: { accuracy: 0.9, list: [1, { a: 2 }], nested: { b: null } },
    });
  });

  it("takes an object that is spread over lines without indentation", async () => {
    expect(await collect('done\n{\n"acc": 0.7\n}\n')).toMatchObject({ output: { acc: 0.7 } });
    expect(await collect('{\n"a": {\n"x": 1\n},\n"list": [\n{\n"y": 2\n}\n]\n}')).toMatchObject({
      output: { a: { x: 1 }, list: [{ y: 2 }] },
    });
    expect(await collect('{\n"acc": 0.7\nlost\n}\nloss: 1')).toMatchObject({ output: { loss: 1 } });
  });

  it("takes an object that is broken anywhere between two of its pieces", async () => {
    for (const printed of [
      '{"acc":\n 0.25}',
      '{"acc": 0.25,\n "l": [1,\n 2]}',
      '{"l": [1,\n 2], "acc": 0.25}',
      '{"acc": 0.25, "done":\ntrue}',
      '{"l": [null,\nfalse], "acc": 0.25}',
    ])
      expect(await collect(`{"acc": 0.9}\n${printed}`)).toMatchObject({ output: { acc: 0.25 } });
  });

  it("takes no part of a long printed object for the whole", async () => {
    const folds = (count: number) => Array.from({ length: count }, (_, n) => ({ epoch: n, accuracy: n / 1000 }));
    for (const indent of ["", " ", "\t"]) {
      for (const count of [1, 6, 700]) {
        const objects = [
          { accuracy: 0.9, folds: folds(count) },
          { folds: folds(count), accuracy: 0.9, text: 'a "}" and a {[' },
        ];
        for (const printed of objects) {
          const text = JSON.stringify(printed, null, 2).replace(/^ +/gm, indent);
          expect(await collect(`start {\n${text}\nend }`)).toMatchObject({ output: { accuracy: 0.9 } });
        }
      }
    }
    const tooLong = JSON.stringify({ accuracy: 0.9, folds: folds(30_000) }, null, 2);
    expect(await collect(tooLong)).toMatchObject({ failure: { code: "metric-missing" } });
    const cutShort = '{\n"accuracy": 0.9,\n"folds": [\n{\n"accuracy": 0.1\n}';
    expect(await collect(cutShort)).toMatchObject({ failure: { code: "metric-missing" } });
    expect(await collect('[\n{"accuracy": 0.1},\n{"accuracy": 0.2}\n]\nloss: 1')).toMatchObject({
      output: { loss: 1 },
    });
  });

  it("falls back to name: value and name=value, the last of each name", async () => {
    expect(await collect("accuracy: 0.1\nloss = 2\nsome talk: yes\naccuracy: 0.8\n")).toMatchObject({
      output: { accuracy: 0.8, loss: 2 },
    });
  });

  it("reads what a terminal would show of coloured and overwritten lines", async () => {
    expect(await collect("\u001b[32maccuracy: 0.9\u001b[0m")).toMatchObject({ output: { accuracy: 0.9 } });
    expect(await collect("0%\r50%\raccuracy: 0.9")).toMatchObject({ output: { accuracy: 0.9 } });
    expect(await collect('\u001b[1m{"accuracy":\u001b[0m 0.9}')).toMatchObject({ output: { accuracy: 0.9 } });
  });

  it("reads a long object, and says of one over the limit that it is too long", async () => {
    const long = (characters: number) => JSON.stringify({ accuracy: 0.9, curve: "x".repeat(characters) });
    expect(await collect(long(900_000))).toMatchObject({ output: { accuracy: 0.9 } });
    const cut = long(2_000_000).slice(0, 1024 * 1024);
    for (const text of [cut, `accuracy: 0.1\n${cut}`, `{"step": 1}\n${cut}`])
      expect(await collect(text)).toMatchObject({
        failure: { code: "metric-missing", message: expect.stringContaining("more than 1 MiB") },
      });
    expect(await collect(`${cut}\naccuracy: 0.8`)).toMatchObject({ output: { accuracy: 0.8 } });
  });

  it("keeps what the metric says even when it is no number", async () => {
    expect(await collect("accuracy: high")).toMatchObject({ output: { accuracy: "high" } });
    expect(await collect("accuracy: nan")).toMatchObject({ output: { accuracy: "NaN" } });
    expect(await collect('{"accuracy": NaN}')).toMatchObject({ output: { accuracy: "NaN" } });
  });

  it("makes steps of the objects that have one, and does not take them for the result", async () => {
    const collected = await collect('{"step": 1, "loss": 2}\n{"step": 2, "loss": NaN}\naccuracy: 0.7');
    expect(collected).toEqual({
      output: { accuracy: 0.7 },
      steps: [
        { observedAt: "1970-01-01T00:00:00.000Z", kind: "metrics", data: { step: 1, loss: 2 } },
        { observedAt: "1970-01-01T00:00:01.000Z", kind: "metrics", data: { step: 2, loss: "NaN" } },
      ],
    });
    expect(await collect('{"accuracy": 1}\n{"step": 2, "loss": 1}')).toMatchObject({ output: { accuracy: 1 } });
  });

  it("takes the last step when there is nothing else", async () => {
    expect(await collect('{"step": 1, "accuracy": 0.1}\n{"step": 2, "accuracy": 0.2}')).toMatchObject({
      output: { step: 2, accuracy: 0.2 },
    });
  });

  it("prefers whatever has the metric to what lacks it", async () => {
    const settings = '{"batch": 8}';
    expect(await collect(`${settings}\naccuracy = 0.6`)).toMatchObject({ output: { accuracy: 0.6 } });
    expect(await collect(`${settings}\n{"step": 4, "accuracy": 0.6}\n{"step": 5, "loss": 1}`)).toMatchObject({
      output: { step: 4, accuracy: 0.6 },
    });
    expect(await collect(`{"step": 4, "accuracy": 0.5}\nloss: 1`)).toMatchObject({ output: { accuracy: 0.5 } });
    expect(await collect(`{"accuracy": 0.7}\n${settings}\naccuracy: 0.1`)).toMatchObject({ output: { accuracy: 0.7 } });
    expect(await collect(`loss: 2\n${settings}`)).toMatchObject({ output: { batch: 8 } });
  });

  it("quotes the line that has the metric where it reads none, and says what keeps it from being read", async () => {
    const said = async (text: string) => {
      const collected = await collect(text);
      return "failure" in collected ? collected.failure.message : "";
    };
    expect(await said("[12:00] accuracy: 0.93 (best)")).toMatch(
      /from its line "\[12:00\] accuracy: 0.93 \(best\)": other text .* print `accuracy: <number>` on/,
    );
    expect(await said("{'n': 2, 'accuracy': 0.93}")).toMatch(/'accuracy': 0.93.*Python dict.*json\.dumps/);
    expect(await said('10/10 [00:01] {"accuracy": 0.93}')).toMatch(/text stands before the object/);
    expect(await said("accuracy is 0.93")).toMatch(/, or read the line with collector log-parser$/);
    expect(await said("inaccuracy 0.93; the accuracy is high")).not.toMatch(/its line/);
  });

  it("keeps the line that tells the metric among other words, where other metrics are read and nothing has it", async () => {
    const noisy = "epoch 3 | accuracy = 0.93 (best)";
    expect(await collect(`${noisy}\nloss: 1`)).toMatchObject({ output: { loss: 1, accuracy: noisy } });
    expect(await collect(`Final accuracy is 93%\n{"loss": 1}`)).toMatchObject({
      output: { accuracy: expect.any(String) },
    });
    for (const other of ["inaccuracy: 3 of 4", "the accuracy of model 3 is fine", '{"eval": {"accuracy": 0.9}}'])
      expect(await collect(`${other}\nloss: 1`)).not.toHaveProperty("output.accuracy");
    expect(await collect(`${noisy}\naccuracy: 0.5`)).toMatchObject({ output: { accuracy: 0.5 } });
  });

  it("quotes the line of the metric on stderr, where it is not looked for", async () => {
    using rig = executionRig();
    const result = raw("done", "INFO start\naccuracy: 0.93\nbye");
    expect(await new StdoutCollector().collect(result, hypothesis(), rig.trial())).toMatchObject({
      failure: {
        code: "metric-missing",
        message: expect.stringMatching(/from its line "accuracy: 0.93": it stands on stderr; print it on stdout/),
      },
    });
  });

  it("says so when there is no metric at all", async () => {
    expect(await collect("hello\nworld: everyone")).toMatchObject({
      failure: { code: "metric-missing", logTail: "the last words" },
      steps: [],
    });
  });

  it("is quick on lines made to make it slow", async () => {
    const from = cpuTime();
    await collect(Array.from({ length: 20_000 }, (_, i) => (i % 2 ? "  }" : '  "a": {')).join("\n"));
    expect(cpuTime() - from).toBeLessThan(1500);
  });
});
