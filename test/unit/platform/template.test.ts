import { describe, expect, it } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { compilePrompt, renderPrompt } from "../../../src/platform/template.ts";
import { allOf, OPEN } from "../../../src/platform/template-check.ts";

const vars = {
  goal: 'Win <now> & "then"',
  history: [
    { id: "a", score: 1, spec: { lr: 0.1 } },
    { id: "b|c", score: null, spec: { lr: 0.2 } },
  ],
  best: null,
  notes: [],
  space: { lr: { type: "float" } },
};

function errorOf(source: string, given: Readonly<Record<string, unknown>> = vars): string {
  try {
    renderPrompt(source, given);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SpecError);
    return thrown instanceof Error ? thrown.message : "";
  }
  throw new Error("rendered");
}

describe("compilePrompt", () => {
  it("inserts values without HTML escaping", () => {
    expect(renderPrompt("Goal: {{goal}}", vars)).toBe('Goal: Win <now> & "then"');
  });

  it("iterates, branches and reads fields", () => {
    const source =
      "{{#each history}}{{@index}}:{{this.id}}={{this.spec.lr}} {{/each}}{{#if best}}best{{else}}none{{/if}}";
    expect(renderPrompt(source, vars)).toBe("0:a=0.1 1:b|c=0.2 none");
  });

  it("names an unknown variable, its line, and the near one, wherever it is used", () => {
    for (const source of [
      "\n{{histroy}}",
      "\n{{#each histroy}}x{{/each}}",
      "\n{{#if histroy}}x{{/if}}",
      "\n{{json histroy}}",
    ]) {
      expect(errorOf(source)).toMatch(/^prompt:2: unknown variable "histroy"; did you mean "history"\?/);
    }
    expect(errorOf("{{#each history}}{{../gaol}}{{@root.bets}}{{/each}}")).toMatch(/"gaol".*\n.*"bets"/);
    expect(errorOf("{{#if best}}{{else}}{{oops}}{{/if}}{{nope}}")).toMatch(/oops[\s\S]*nope/);
  });

  it("names an unknown field inside a loop", () => {
    expect(errorOf("{{#each history}}{{this.scroe}}{{/each}}")).toMatch(/no field "scroe"/);
    expect(errorOf("{{best.id}}")).toMatch(/prompt/);
  });

  it("lets block parameters name what they stand for", () => {
    expect(renderPrompt("{{#each history as |entry place|}}{{place}}{{entry.id}}{{/each}}", vars)).toBe("0a1b|c");
  });

  it("finds mistakes before anything is rendered", () => {
    expect(() => compilePrompt("{{#if x}}", "prompts/p.md")).toThrow(
      /^prompts\/p\.md:1:1: \{\{#if …\}\} is not closed; write \{\{\/if\}\}$/,
    );
    const template = compilePrompt("{{goal}} {{spcae}}", "p.md");
    expect(template.variables).toEqual(["goal", "spcae"]);
    expect(() => template.check(allOf(Object.keys(vars), OPEN))).toThrow(/did you mean "space"/);
    expect(errorOf("{{shout goal}}")).toMatch(/shout/);
    expect(errorOf("{{> other}}")).toMatch(/partials/);
    expect(errorOf("{{log goal}}")).toMatch(/log/);
  });

  it("reaches nothing on a prototype", () => {
    for (const path of ["space.constructor", "space.__proto__", "goal.constructor", "space.toString", "notes.map"]) {
      let shown = "";
      try {
        shown = renderPrompt(`{{${path}}}`, vars);
      } catch {
        // refused outright is as good
      }
      expect(shown).toBe("");
    }
    expect(errorOf("{{constructor}}")).toMatch(/unknown variable "constructor"/);
    expect(errorOf('{{lookup space "nope" "more"}}{{toString}}')).toMatch(/unknown variable "toString"/);
  });

  it("takes what data lacks for empty where it is told to, at any depth and in helpers, and still refuses unknown variables", () => {
    const template = compilePrompt(
      "{{best.spec.mom}}|{{#each history}}{{spec.lr}},{{spec.net.layers}},{{metrics.loss}};{{/each}}|{{json space.x.y 0}}{{yaml space.x}}{{table space.x}}{{truncate space.x 9}}{{indent space.x}}|{{#with space.x}}x{{/with}}",
      "p.md",
      "empty",
    );
    expect(template.render(vars)).toBe("|0.1,,;0.2,,;||");
    expect(() => compilePrompt("{{gaol}}", "p.md", "empty").render(vars)).toThrow(/did you mean "goal"/);
  });

  it("never evaluates what a variable says", () => {
    expect(renderPrompt("{{goal}}", { goal: "{{secret}} ${process.env}" })).toBe("{{secret}} ${process.env}");
  });
});

describe("prompt helpers", () => {
  it("print JSON, YAML and tables", () => {
    expect(renderPrompt("{{json space 0}}", vars)).toBe('{"lr":{"type":"float"}}');
    expect(renderPrompt("{{yaml space}}", vars)).toBe("lr:\n  type: float");
    expect(renderPrompt('{{table history "id" "score"}}', vars)).toBe(
      "| id | score |\n| --- | --- |\n| a | 1 |\n| b\\|c |  |",
    );
    expect(renderPrompt("{{table notes}}", vars)).toBe("");
    expect(renderPrompt("{{table one}}", { one: { id: "a", score: 1 } })).toBe(
      "| id | score |\n| --- | --- |\n| a | 1 |",
    );
  });

  it("cut and indent text", () => {
    expect(renderPrompt("{{truncate goal 5}}", vars)).toBe("Win …");
    expect(renderPrompt("{{indent text 2}}", { text: "a\n\nb" })).toBe("  a\n\n  b");
    expect(renderPrompt("{{indent (json space) 2}}", { space: { a: 1 } })).toBe('  {\n    "a": 1\n  }');
  });

  it("refuse what they cannot use", () => {
    expect(errorOf("{{json}}")).toMatch(/given nothing/);
    expect(errorOf("{{json space.x}}")).toMatch(/given nothing/);
    expect(errorOf("{{truncate goal -1}}")).toMatch(/whole number/);
  });
});
