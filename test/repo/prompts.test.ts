import { describe, expect, it } from "vitest";
import { JUDGED_SHAPES } from "../../src/components/evaluators/judged.ts";
import { parseVote } from "../../src/components/evaluators/vote.ts";
import { TRIAL_SHAPES } from "../../src/components/executors/llm.ts";
import { promptShapes, REVIEW_SHAPES } from "../../src/components/prompting/variables.ts";
import { Researcher } from "../../src/components/researchers/prompt.ts";
import { describeEdits, parseProposals } from "../../src/components/researchers/proposals.ts";
import { parseFindings } from "../../src/components/reviewers/findings.ts";
import { PROMPT_HELPERS } from "../../src/platform/template.ts";
import { type Shape, type Shapes, SINGLE } from "../../src/platform/template-check.ts";
import { blocks, readProjectFile } from "../support/documents.ts";
import { historyEntry, stageContext } from "../support/stage-context.ts";

const page = readProjectFile("docs/prompts.md");
const noted = (note: string): string => blocks("docs/prompts.md").find((block) => block.note === note)?.text ?? "";

/** What the table under a note says: the fields of each variable, as their shape would be told. */
function told(note: string): Readonly<Record<string, string>> {
  const [, table = ""] = page.split(`<!-- ${note} -->\n`);
  const rows = [...(table.split("\n\n")[0] ?? "").matchAll(/^\| `(\w+)` \| (.*?) ?\| /gm)];
  return Object.fromEntries(rows.map(([, name = "", fields = ""]) => [name, fields]));
}

/** The same of what prompts are checked against. */
function expected(shapes: Shapes): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, fieldsOf(name, shape)]));
}

function fieldsOf(name: string, shape: Shape): string {
  if (name === "vars" || shape.kind === "open") return "any";
  if (shape.kind === "single") return "";
  if (shape.kind === "list") return `list: ${fieldsOf("", shape.items)}`.replace(/: $/, "");
  return Object.keys(shape.fields)
    .map((field) => `\`${field}\``)
    .join(" ");
}

describe("the page on prompts", () => {
  it("has every variable with its fields, and no other", () => {
    expect(told("variables")).toEqual(expected(promptShapes()));
    expect({ ...expected(promptShapes()), ...told("variables: experimenter") }).toEqual(
      expected(promptShapes(TRIAL_SHAPES)),
    );
    expect({ ...expected(promptShapes()), ...told("variables: evaluator") }).toEqual(
      expected(promptShapes(JUDGED_SHAPES)),
    );
    expect(told("variables: reviewer")).toEqual(expected(REVIEW_SHAPES));
    expect(told("variables: researcher")).toEqual(expected({ hypothesis_schema: SINGLE }));
    expect(told("variables: in_place")).toEqual(expected({ task: SINGLE }));
    for (const helper of Object.keys(PROMPT_HELPERS)) expect(page).toContain(`\`{{${helper} `);
  });

  it("shows a prompt that is right, with and without a past", () => {
    const vars = { form: "lr, layers" };
    const template = noted("file: propose.md");
    const researcher = new Researcher({ runner: async () => "", promptTemplate: template, vars });
    const render = (ctx: ReturnType<typeof stageContext>) => researcher.prompt({ ...ctx, count: 3 });
    expect(render(stageContext())).toContain("Nothing is known yet.");
    const best = historyEntry(1, 1, { lr: 0.2 }, 0.9);
    const entries = [historyEntry(1, 0, { lr: 0.1 }, null), best];
    const text = render(stageContext({ entries, best }));
    expect(text).toMatch(/i00001-h001, has 0.9 with lr 0.2/);
    expect(text).toContain('i00001-h001: 0.9 with {"lr":0.2}');
    expect(text).toContain("a JSON list of 3 objects: lr, layers.");
    const start = historyEntry(0, 0, {}, 0.5);
    expect(render(stageContext({ entries, best: start }))).toMatch(/i00000-h000, has 0.5 with lr \.$/m);
  });

  it("shows replies of which everything is taken", () => {
    const rules = { allowEdits: true, allowBase: true };
    const read = parseProposals(noted("reply: researcher"), rules);
    expect(read).toMatchObject({
      ok: true,
      refused: [],
      proposals: [
        { label: "higher-lr", spec: { lr: 0.05, layers: 3 } },
        { label: "nested", spec: { lr: 0.01, layers: 4 }, metadata: { source: "the second paper" } },
        { base: "i00002-h001", spec: {}, edits: [{}, {}, {}, {}] },
      ],
    });
    expect(describeEdits([{ path: "a", content: "" }], noted("reply: in_place"), "#1", rules)).toMatchObject({
      label: "faster-loop",
      rationale: "The sum needs no list.",
      spec: { lr: 0.01 },
    });
    const known = { evidence: (name: string) => name, insights: new Set(["i00001-n00", "i00002-n01"]) };
    const review = parseFindings(noted("reply: reviewer"), known);
    expect(parseVote(noted("reply: evaluator"), [0, 1])).toMatchObject({
      ok: true,
      value: { score: 0.8, feedback: "Say how sure it is." },
    });
    expect(review).toMatchObject({
      ok: true,
      value: [
        { evidence: ["i00001-h000", "i00001-h002"] },
        { replaces: ["i00001-n00"] },
        { finding: "i00002-h003 is best at batch 64.", retracts: ["i00002-n01"] },
      ],
    });
  });
});
