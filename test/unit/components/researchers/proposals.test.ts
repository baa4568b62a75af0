import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_ITEMS, type ParsedProposals, parseProposals } from "../../../../src/components/researchers/proposals.ts";

const rules = { allowEdits: false };

function accepted(parsed: ParsedProposals): unknown {
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.proposals;
}

describe("parseProposals", () => {
  it("takes label, rationale and metadata out and leaves the rest as the spec", () => {
    const reply = '[{"id": "big lr", "rationale": "why not", "metadata": {"n": 1}, "lr": 0.1, "layers": [1, 2]}]';
    expect(accepted(parseProposals(reply, rules))).toEqual([
      { label: "big lr", rationale: "why not", metadata: { n: 1 }, spec: { lr: 0.1, layers: [1, 2] } },
    ]);
  });

  it("takes the first JSON of a reply that has an item of use, and names what is wrong with the likeliest when none has", () => {
    const space = { violation: (spec: object) => ("x" in spec ? null : "it has no x") };
    const strict = { allowEdits: false, space };
    expect(accepted(parseProposals('```\n{"a":1}\n```\nFinal answer: [{"x":0.8}]', strict))).toEqual([
      { spec: { x: 0.8 } },
    ]);
    expect(parseProposals('```\n{"a":1}\n```\nor [1]', strict)).toMatchObject({ ok: false, reason: "#1: it has no x" });
    expect(accepted(parseProposals('1. {"x":0.21}\n2. {"x":0.23}', strict))).toHaveLength(2);
  });

  it("takes several blocks that each hold a hypothesis for that many", () => {
    const space = { violation: (spec: object) => ("x" in spec ? null : "it has no x") };
    const blocks = '1:\n```json\n{"id":"a","x":1}\n```\n2:\n```json\n[{"x":2}]\n```\n3:\n```json\n{"y":3}\n```\nDone.';
    const parsed = parseProposals(blocks, { ...rules, space });
    expect(accepted(parsed)).toEqual([{ label: "a", spec: { x: 1 } }, { spec: { x: 2 } }]);
    expect(parsed.refused).toEqual([{ label: "#3", reason: "it has no x" }]);
  });

  it("records as refused what it takes for no part of the answer, and drafts of the reasoning not at all", () => {
    const parsed = parseProposals(
      '<think>[{"x":9}]</think>Not {"id":"old","x":5}, nor [{"x":6}].\nAnswer: [{"x":1},{"x":5}]',
      rules,
    );
    expect(accepted(parsed)).toEqual([{ spec: { x: 1 } }, { spec: { x: 5 } }]);
    expect(parsed.refused).toEqual([{ label: "#1", reason: "another part of the reply was taken for the answer" }]);
    const lists = '```json\n[{"x":1},{"x":2}]\n```\nBetter:\n```json\n[{"id":"b","x":3},{"x":2}]\n```';
    expect(parseProposals(lists, rules)).toMatchObject({
      proposals: [{ label: "b", spec: { x: 3 } }, { spec: { x: 2 } }],
      refused: [{ label: "#1", reason: "another part of the reply was taken for the answer" }],
    });
  });

  it("takes the spec where it is given as such, and keeps what stood beside it", () => {
    const reply = '[{"label": "a", "spec": {"lr": 0.1}, "confidence": 0.5}]';
    expect(accepted(parseProposals(reply, rules))).toEqual([
      { label: "a", spec: { lr: 0.1 }, metadata: { confidence: 0.5 } },
    ]);
  });

  it.each([
    ["a single object", '{"lr": 1}'],
    ["an object with one list", '{"whatever": [{"lr": 1}]}'],
    ["an object with a list among other things", '{"reasoning": "…", "proposals": [{"lr": 1}]}'],
  ])("accepts %s", (_what, reply) => {
    expect(accepted(parseProposals(reply, rules))).toEqual([{ spec: { lr: 1 } }]);
  });

  it("takes data as it takes text", () => {
    expect(accepted(parseProposals([{ lr: 1 }], rules))).toEqual([{ spec: { lr: 1 } }]);
  });

  it("refuses single items with their reasons and keeps the others", () => {
    const space = { violation: (spec: { readonly lr?: unknown }) => (spec.lr === 9 ? "lr: 9 is above 1" : null) };
    const parsed = parseProposals('[{"id": "x", "lr": 9}, 3, {}, {"lr": 0.5}, {"spec": 4}]', { ...rules, space });
    expect(accepted(parsed)).toEqual([{ spec: { lr: 0.5 } }]);
    expect(parsed.refused).toEqual([
      { label: "x", reason: "lr: 9 is above 1" },
      { label: "#2", reason: "it is not an object" },
      { label: "#3", reason: "it holds neither parameters nor edits" },
      { label: "#5", reason: '"spec" is not an object' },
    ]);
  });

  it("refuses what the user's own schema refuses", () => {
    const parsed = parseProposals('[{"lr": 1}]', { ...rules, hypothesisSchemaCheck: () => ["lr must be text"] });
    expect(parsed).toMatchObject({ ok: false, reason: "#1: lr must be text" });
  });

  it("is not usable when nothing is left, and says why", () => {
    expect(parseProposals("no idea", rules)).toMatchObject({ ok: false, reason: "there is no JSON in the reply" });
    expect(parseProposals("[]", rules)).toMatchObject({ ok: false, reason: "the list is empty" });
    expect(parseProposals("42", rules)).toMatchObject({ ok: false, reason: expect.stringMatching(/neither a list/) });
  });

  it("bounds labels, specs and the number of items", () => {
    const label = `\u001b[31mred\u001b[0m\n${"x".repeat(500)}`;
    const [first] = Object(accepted(parseProposals([{ label, lr: 1 }], rules)));
    expect(first.label).toMatch(/^red x+…$/);
    expect(first.label).toHaveLength(120);
    expect(parseProposals([{ text: "x".repeat(70_000) }], rules)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/characters/),
    });
    const many = parseProposals(
      Array.from({ length: MAX_ITEMS + 50 }, (_, i) => ({ i })),
      rules,
    );
    expect(accepted(many)).toHaveLength(MAX_ITEMS);
    expect(many.refused).toHaveLength(1);
  });

  it("takes edits in all their forms where they are allowed", () => {
    const edits = [
      { path: "a.py", content: "" },
      { path: "b.py", search: "x", replace: "" },
      { path: "c.py", delete: true },
      { diff: "--- a\n+++ b\n" },
    ];
    expect(accepted(parseProposals([{ edits }], { allowEdits: true }))).toEqual([{ spec: {}, edits }]);
    expect(accepted(parseProposals([{ lr: 1, edits: [] }], rules))).toEqual([{ spec: { lr: 1 } }]);
    expect(parseProposals([{ edits }], rules)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/takes none/),
    });
  });

  it.each([
    [{ path: "a" }, /has none of/],
    [{ path: "a", content: "x", search: "y" }, /an edit is one of them/],
    [{ content: "x" }, /no "path"/],
    [{ path: "a\u0000b", content: "x" }, /no file name/],
    [{ path: "a", search: "", replace: "x" }, /"search"/],
    [{ path: "a", search: "x" }, /without a "replace"/],
    [{ path: "a", delete: "yes" }, /"delete"/],
    ["a", /not an object/],
  ])("refuses a proposal with the edit %j", (edit, reason) => {
    expect(parseProposals([{ lr: 1, edits: [edit] }], { allowEdits: true })).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
    });
  });

  describe("where edits are taken", () => {
    const python = "import math\n\n\ndef f(x):\n    return {'a': math.sqrt(x)}\n";
    const about = (path: string, content: string) => ({ allowEdits: true, onlyFile: () => ({ path, content }) });
    const file = about("f.py", python);
    const better = python.replace("sqrt", "cbrt");

    it.each([
      ["the file in a fence alone", file, `\`\`\`python\n${better}\`\`\``, better],
      [
        "prose around it, reasoning before",
        file,
        `<think>{"x": 1}</think>So.\n\n\`\`\`\n${better}\`\`\`\nDone.`,
        better,
      ],
      ["the file in tildes with windows line ends", file, `~~~py\r\n${better}~~~\r\n`, better],
      ["a number for a file of a number", about("gain.txt", "9\n"), "```\n12\n```", "12\n"],
      ["a template that begins with braces", about("p.txt", "{{q}}\n"), "```\n{{q}} Think.\n```", "{{q}} Think.\n"],
      ["a section", about("a.toml", "[run]\nx = 1\n"), "```toml\n[run]\nx = 2\n```", "[run]\nx = 2\n"],
      [
        "Markdown with blocks that say what they are",
        about("SKILL.md", "# Skill\n"),
        "````markdown\n# Skill\n```\nraw\n```\n````",
        "# Skill\n```\nraw\n```\n",
      ],
      [
        "Markdown whose inner blocks have fences of one length",
        about("SKILL.md", "# Skill\n"),
        "```markdown\n# Skill\n```bash\nrun\n```\nEnd.\n```",
        "# Skill\n```bash\nrun\n```\nEnd.\n",
      ],
    ])("a reply that is the whole of the one file is an edit of it: %s", (_what, rules, reply, content) => {
      const [proposal, ...more] = Object(accepted(parseProposals(reply, rules)));
      expect(more).toEqual([]);
      expect(proposal).toMatchObject({ spec: {}, edits: [{ path: rules.onlyFile().path, content }] });
      expect(proposal.rationale).toBe(reply.includes("So.") ? "So.\n\n\n\nDone." : undefined);
    });

    const long = about("f.py", python.repeat(100));
    it.each([
      [
        "an example of a few lines",
        long,
        `Use this:\n\`\`\`python\n${better}\`\`\``,
        /\d+ characters is not taken for the whole/,
      ],
      ["two blocks", file, `\`\`\`python\n${better}\`\`\`\n\`\`\`sh\npython f.py\n\`\`\``, /more than one block/],
      ["a block without an end", file, `\`\`\`python\n${better}`, /has no end/],
      ["a block inside a list", file, `1. So:\n   \`\`\`python\n   ${better}\n   \`\`\``, /indented/],
      ["a patch by its name", file, "```diff\n-import math\n+import cmath\n```", /a patch has to be/],
      ["a patch by its text", file, "```\n@@ -1 +1 @@\n-import math\n+import cmath\n```", /a patch has to be/],
      [
        "an excerpt",
        file,
        `\`\`\`python\n${better}\n# ... rest of the code unchanged\n\`\`\``,
        /leaves out parts of f\.py: # \.\.\./,
      ],
      ["an empty block", about("f.py", ""), "```\n\n```", /0 characters/],
      [
        "several tracked files",
        { allowEdits: true, onlyFile: () => undefined },
        `\`\`\`python\n${better}\`\`\``,
        /only code/,
      ],
      ["broken JSON", file, '```\n[{"id": "a", "rationale": "says "so"", "edits": []}]\n```', /malformed/],
      ["no block", file, python, /malformed/],
    ])("anything else is not: %s", (_what, rules, reply, reason) => {
      expect(parseProposals(reply, rules)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
    });

    it("a block of JSON is parameters, also where the one file is JSON", () => {
      const parsed = parseProposals('```json\n{"x": 1}\n```', about("best.json", "{}"));
      expect(accepted(parsed)).toEqual([{ spec: { x: 1 } }]);
    });

    it("JSON beside code is the answer, and code inside of JSON is left as it is", () => {
      const edits = [{ path: "f.py", search: "sqrt", replace: "cbrt" }];
      const beside = `The line is\n\`\`\`python\n    return {'a': 1}\n\`\`\`\nSo: ${JSON.stringify([{ id: "a", edits }])}`;
      expect(accepted(parseProposals(beside, file))).toEqual([{ label: "a", spec: {}, edits }]);
      const raw = '[{"id": "a", "edits": [{"path": "f.py", "content": "# Skill\n```sh\nrun\n```\nEnd\n"}]}]';
      const content = "# Skill\n```sh\nrun\n```\nEnd\n";
      expect(accepted(parseProposals(raw, file))).toEqual([
        { label: "a", spec: {}, edits: [{ path: "f.py", content }] },
      ]);
    });

    it("does not take long over fences and brackets without end", () => {
      const hostile = `${'```py\n{"a": [1]}\n'.repeat(50_000)}`;
      const start = performance.now();
      parseProposals(hostile, file);
      expect(performance.now() - start).toBeLessThan(5000);
    });
  });

  it("drops hostile keys and never throws", () => {
    const hostile = '[{"__proto__": {"polluted": 1}, "spec": {"__proto__": {"polluted": 1}, "lr": 1}}]';
    expect(accepted(parseProposals(hostile, rules))).toEqual([{ spec: { lr: 1 } }]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    const key = fc.constantFrom(
      "id",
      "label",
      "spec",
      "edits",
      "metadata",
      "rationale",
      "path",
      "content",
      "diff",
      "__proto__",
      "x",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, -1, "", "text", "\u0000"),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (value, allowEdits) => {
        const parsed = parseProposals(JSON.stringify(value), { allowEdits });
        if (parsed.ok) expect(parsed.proposals.length).toBeGreaterThan(0);
        else expect(parsed.reason).not.toBe("");
      }),
      { numRuns: 1000 },
    );
  });
});
