import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractJson, jsonCandidates, sanitizeJson } from "../../../src/components/extract-json.ts";
import { cpuTime } from "../../support/cpu-time.ts";

function value(text: string): unknown {
  const found = extractJson(text);
  if (!found.ok) throw new Error(`no value: ${found.reason}`);
  return found.value;
}

function reason(text: string): string {
  const found = extractJson(text);
  if (found.ok) throw new Error(`unexpected value ${JSON.stringify(found.value)}`);
  return found.reason;
}

describe("extractJson", () => {
  it("reads bare JSON as it is", () => {
    expect(extractJson(' [{"lr": 0.1}] \n')).toEqual({ ok: true, value: [{ lr: 0.1 }], repaired: false });
    expect(value("0.8")).toBe(0.8);
  });

  it("reads a fenced block among prose", () => {
    expect(value('Sure, [1] says so!\n\n```json\n[{"lr": 0.1}]\n```\nGood luck {you}.')).toEqual([{ lr: 0.1 }]);
  });

  it("takes the last complete block marked json over other blocks", () => {
    const text = '```json\n{"draft": 1}\n```\n```json\n{"final": 1}\n```\n```python\n{"code": 1}\n```';
    expect(value(text)).toEqual({ final: 1 });
  });

  it("reads a block inside a longer fence and one that is indented", () => {
    expect(value('- answer:\n  ````\n  [{"a": "```"}]\n  ````')).toEqual([{ a: "```" }]);
  });

  it("finds an object or a list inside prose", () => {
    expect(value('I suggest {"lr": 0.1, "note": "a } brace"} as in [2].')).toEqual({ lr: 0.1, note: "a } brace" });
    expect(value('- [ ] todo\nI would try [{"lr": 1}, {"lr": 2}] next')).toEqual([{ lr: 1 }, { lr: 2 }]);
  });

  it("takes several objects one after the other as a list", () => {
    expect(value('{"a": 1}\n{"a": 2}\n')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("takes the objects of an enumeration as a list", () => {
    const both = [{ x: 0.21 }, { x: 0.23 }];
    for (const text of [
      '1. {"x":0.21}\n2. {"x":0.23}',
      'I propose:\n\n- {"x":0.21}\n- {"x":0.23}\n\nThat is all.',
      '**1.** {"x":0.21},\n\n**2.** {"x":0.23}',
      'Idea 1: {"x":0.21}\nIdea 2: {"x":0.23}',
      'So:\n{"x":0.21}\n{"x":0.23}\nDone.',
    ])
      expect(value(text), text).toEqual(both);
    expect(value('For example {"x":0.9}.\nMy answer: {"x":0.2}')).toEqual({ x: 0.2 });
  });

  it("takes the last list in prose, however long an earlier one is", () => {
    const example = '[{"x":0.9,"rationale":"an old idea that is long long long"}]';
    const text = `For example ${example} was bad.\n\nMy answer: [{"x":0.23},{"x":0.24}]`;
    expect(value(text)).toEqual([{ x: 0.23 }, { x: 0.24 }]);
    expect(value(`${text}, unlike {"x":0.9} and [1, 2].`)).toEqual([{ x: 0.23 }, { x: 0.24 }]);
    expect(reason(`For example ${example} was bad. My answer: [{"x":0.23},{"x"`)).toMatch(/cut off/);
  });

  it("offers all that may be the answer, likeliest first", () => {
    const text = '{"z":0}, or [7]\n```\n{"a":1}\n```\n```json\n{"b":1}\n```\nFinal answer: [{"x":0.8}]';
    const values = [...jsonCandidates(text)].map((found) => found.ok && found.value);
    expect(values.slice(0, 3)).toEqual([{ b: 1 }, { a: 1 }, [{ x: 0.8 }]]);
    expect(values.at(-1)).toEqual([7]);
    expect([...jsonCandidates('[{"x":1}]')]).toHaveLength(1);
  });

  it.each([
    ["of tags", '<think>maybe [{"x":9}], no</think>\n{"x":1}'],
    ["with a block in it", '<thinking>\n```json\n[{"x":9}]\n```\n</thinking>\nSo [{"x":1}], as said.'],
    ["that nothing opens", 'A draft: [{"x":9}], too high.\nI answer with one.</think>{"x":1}'],
    ["of brackets", '[THINK]{"x":9}[/THINK]\n{"x":1}'],
    ["more than once", '<think>{"x":9}</think>\nFirst.\n<reasoning>{"x":8}</reasoning>{"x":1}'],
    [
      "of a channel",
      '<|channel|>analysis<|message|>{"x":9}<|end|><|start|>assistant<|channel|>final<|message|>{"x":1}',
    ],
  ])("takes nothing out of a block of reasoning %s", (_what, text) => {
    const found = [...jsonCandidates(text)].map((one) => JSON.stringify(one.ok ? one.value : one.reason));
    expect(found).toEqual(['{"x":1}'].map((one) => (text.includes("So [") ? `[${one}]` : one)));
  });

  it("knows words of the answer that only look like reasoning", () => {
    expect(value('Try [{"prompt": "end with </think>", "x": 1}] next')).toEqual([
      { prompt: "end with </think>", x: 1 },
    ]);
    expect(value('{"prompt": "<think>why</think>"}')).toEqual({ prompt: "<think>why</think>" });
    expect(reason('<think>I would take {"x": 9}')).toBe("the reply is nothing but reasoning");
    expect(reason('<think>{"x": 9}</think> ')).toBe("the reply is nothing but reasoning");
  });

  it.each([
    ["trailing commas", '[{"a": 1,},]', [{ a: 1 }]],
    ["comments", '[ // first\n {"a": 1 /* one */}, # last\n]', [{ a: 1 }]],
    ["single quotes", "[{'a': 'it\\'s'}]", [{ a: "it's" }]],
    ["Python literals", "{'a': True, 'b': False, 'c': None}", { a: true, b: false, c: null }],
    ["NaN and infinities as null", '{"a": NaN, "b": -Infinity, "c": 1e999}', { a: null, b: null, c: null }],
    ["bare keys", "{a: 1, b_2: 2}", { a: 1, b_2: 2 }],
    ["raw newlines in a string", '{"a": "x\ny"}', { a: "x\ny" }],
    ["unknown escapes", '{"a": "\\d+"}', { a: "\\d+" }],
    ["numbers written loosely", '{"a": .5, "b": 5., "c": +1, "d": 1_000}', { a: 0.5, b: 5, c: 1, d: 1000 }],
    ["unicode escapes", "{'a': '\\u00e9\\ud83d\\ude00'}", { a: "é😀" }],
  ])("reads past %s and says so", (_what, text, expected) => {
    expect(extractJson(text)).toEqual({ ok: true, value: expected, repaired: text !== '{"a": 1e999}' });
  });

  it("refuses a reply that is cut off rather than taking a part of it", () => {
    expect(reason('[{"lr": 0.1}, {"lr": 0.2}, {"lr"')).toMatch(/cut off/);
    expect(reason('```json\n[{"lr": 0.1}, {"lr": 0.')).toMatch(/cut off/);
    expect(reason('For instance {"a": 1}. So: [{"lr": 0.1, "why": "because')).toMatch(/cut off/);
  });

  it("says what is wrong with the rest", () => {
    expect(reason("   ")).toBe("the reply is empty");
    expect(reason("I cannot help with that.")).toBe("there is no JSON in the reply");
    expect(reason('So:\n{"a": 1; "b": 2}')).toMatch(/malformed at line 2: expected "," or "}", found "; \\"b/);
  });

  it("drops __proto__ keys and replaces lone surrogates", () => {
    for (const text of ['{"__proto__": {"x": 1}, "a": "\\ud800"}', "{'__proto__': {x: 1}, a: '\\ud800'}"]) {
      const found = value(text);
      expect(Object.keys(Object(found))).toEqual(["a"]);
      expect(found).toEqual({ a: "\ufffd" });
    }
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("bounds the depth, strict or not", () => {
    expect(reason("[".repeat(5000) + "]".repeat(5000))).toMatch(/deeper than 100/);
    expect(reason(`${"[".repeat(5000)}1,${"]".repeat(5000)}`)).toMatch(/deeper|tangled/);
  });

  it.each([
    ["brackets", "[".repeat(250_000)],
    ["reasoning", '<think>[1]</think>{"a"'.repeat(12_000)],
    ["ends of reasoning", '[1]</think>{"a"'.repeat(18_000)],
    ["braces", "{".repeat(250_000)],
    ["keys", '{"a":'.repeat(50_000)],
    ["quotes", '["'.repeat(125_000)],
    ["fences", "```json\n[\n".repeat(25_000)],
    ["comments", "[/*".repeat(75_000)],
    ["line comments", "[//".repeat(75_000)],
    ["open strings", `${"['a ".repeat(62_500)}`],
    ["spaces", `[${" ".repeat(250_000)}`],
    ["backslashes", `["${"\\".repeat(249_999)}`],
    ["digits", `[${"1".repeat(250_000)}x`],
  ])("stays quick on a quarter of a megabyte of %s", (_what, text) => {
    const before = cpuTime();
    expect(extractJson(text).ok).toBe(false);
    expect(cpuTime() - before).toBeLessThan(1000);
  });

  it("gives back any JSON value that was fenced among prose", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom("json", "", "JSON5"), (json, info) => {
        const text = JSON.stringify(json);
        const found = extractJson(`Here it is.\n\`\`\`${info}\n${text}\n\`\`\`\nDone.`);
        expect(found).toEqual({ ok: true, value: sanitizeJson(JSON.parse(text)), repaired: false });
      }),
    );
  });

  it("never throws and never gives more than JSON, whatever it is given", () => {
    const piece = fc.constantFrom(
      "[",
      "]",
      "{",
      "}",
      '"',
      "'",
      "`",
      ",",
      ":",
      "\\",
      "```",
      "\n",
      "a",
      "1",
      "-",
      "NaN",
      "//",
      "/*",
      "#",
      "__proto__",
      "\u0000",
      "\ud800",
      " ",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
        ),
        (text) => {
          const found = extractJson(text);
          if (found.ok) expect(JSON.parse(JSON.stringify(found.value))).toEqual(found.value);
          else expect(found.reason.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
