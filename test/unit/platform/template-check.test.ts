import { describe, expect, it } from "vitest";
import { SpecError } from "../../../src/kernel/errors.ts";
import { compilePrompt } from "../../../src/platform/template.ts";
import { allOf, listOf, OPEN, recordOf, SINGLE, shapeOf } from "../../../src/platform/template-check.ts";

const SHAPES = {
  goal: SINGLE,
  num: SINGLE,
  metric: recordOf(allOf(["name", "direction"], SINGLE)),
  history: listOf(recordOf({ id: SINGLE, score: SINGLE, spec: OPEN, evidence: listOf(SINGLE) })),
  notes: listOf(SINGLE),
  open: OPEN,
  vars: shapeOf({ b: 1, deep: { c: [{ name: "x" }, { name: "y", age: 2 }] } }),
};

/** `line:column message` of everything that is found in a template before it has values. */
function problems(source: string): readonly string[] {
  try {
    compilePrompt(source, "p.md").check(SHAPES);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof SpecError)) throw thrown;
    return thrown.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

describe("checking a template against what its variables hold", () => {
  it("passes over all that works", () => {
    for (const source of [
      "{{goal}} {{metric.name}} {{vars.b}} {{vars.deep.c}} {{this.goal}} {{lookup vars 'zz'}}",
      "{{#each history}}{{id}} {{this.score}} {{spec.any.thing}} {{@index}} {{../goal}} {{@root.metric.name}}{{/each}}",
      "{{#each history as |entry place|}}{{entry.id}} {{place}} {{#each entry.evidence}}{{this}}{{../id}}{{/each}}{{/each}}",
      "{{#with metric}}{{name}}{{#if direction}}{{name}} {{../goal}}{{/if}}{{else}}{{goal}}{{/with}}",
      "{{#each open}}{{anything}} {{@key}} {{#with more}}{{below}}{{/with}}{{/each}}{{open.a.b.c}}",
      "{{#history}}{{id}}{{/history}}{{#metric}}{{name}}{{/metric}}{{#goal}}{{whatever}}{{/goal}}",
      "{{#each notes}}{{this}}{{@first}}{{/each}}{{history.length}}{{history.0.id}}{{history.[0].id}}",
      "{{#each vars.deep.c}}{{name}}{{age}}{{/each}}{{json history 0}}{{table history 'id'}}{{truncate (json vars) 9}}",
      "{{#if (lookup open 'x')}}{{goal}}{{else if num}}{{num}}{{/if}}{{#with vars as |v|}}{{v.b}}{{/with}}",
      "{{#with this}}{{goal}}{{/with}}{{! a comment }}{{#unless goal}}x{{^}}y{{/unless}}",
    ]) {
      expect(problems(source), source).toEqual([]);
    }
  });

  it("finds fields that do not exist, inside blocks too, with the near one", () => {
    const fields = "it has id, score, spec, evidence";
    expect(problems("{{metric.nme}}")).toEqual([
      '1:3 metric has no field "nme"; did you mean "name"? it has name, direction',
    ]);
    expect(problems("a\n  {{#each history}}{{nope}}{{/each}}")).toEqual([
      `2:22 an item of history has no field "nope"; ${fields}`,
    ]);
    expect(problems("{{#if goal}}{{#each history as |e|}}{{e.scroe}}{{../gaol}}{{@root.nmu}}{{/each}}{{/if}}")).toEqual(
      [
        `1:39 e has no field "scroe"; did you mean "score"? ${fields}`,
        '1:50 unknown variable "gaol"; did you mean "goal"?',
        '1:61 unknown variable "nmu"; did you mean "num"?',
      ],
    );
    expect(problems("{{#with metric}}{{nmae}}{{else}}{{nmae}}{{/with}}")).toEqual([
      '1:19 metric has no field "nmae"; did you mean "name"? it has name, direction',
      '1:35 unknown variable "nmae"',
    ]);
    expect(problems("{{#each history.foo}}{{/each}}")).toEqual([
      '1:9 history is a list and has no field "foo"; its items are read in {{#each history}} … {{/each}}',
    ]);
  });

  it("finds what is read in a single value", () => {
    expect(problems("{{vars.b.c}} {{vars.zz}}")).toEqual([
      '1:3 vars.b is a single value and has no field "c"',
      '1:16 vars has no field "zz"; it has b, deep',
    ]);
    expect(problems("{{#each notes}}{{x}}{{/each}}")).toEqual([
      '1:18 an item of notes is a single value and has no field "x"',
    ]);
  });

  it("says how a name of the top level is reached from inside a block", () => {
    expect(problems("{{#each history}}{{goal}}{{/each}}")).toEqual([
      '1:20 an item of history has no field "goal"; inside this block the prompt\'s own is {{@root.goal}}',
    ]);
  });

  it("finds arguments of what is no helper, and ways out of the outermost block", () => {
    expect(problems("{{goal 3}}{{../goal}}")).toEqual([
      '1:1 "goal" is no helper, and takes no arguments; helpers: each, if, unless, with, lookup, json, yaml, table, truncate, indent',
      "1:13 {{../goal}} goes further out than there are blocks around it",
    ]);
  });
});

describe("checking what helpers are given", () => {
  it("finds those that are given nothing, or more than they take", () => {
    expect(problems("{{json}} {{#if}}x{{/if}} {{#each}}x{{/each}} {{#if goal num}}x{{/if}} {{json (yaml)}}")).toEqual([
      "1:1 json is given nothing; write {{json name}}",
      "1:10 if is given nothing; write {{#if name}}",
      "1:26 each is given nothing; write {{#each name}}",
      "1:46 if takes one value, not 2",
      "1:78 yaml is given nothing; write {{yaml name}}",
    ]);
  });
});

describe("a template that cannot be read", () => {
  it("is told in plain words at its place", () => {
    const told = (source: string): string => problems(source).join();
    expect(told("a\n{{#each history}}\n{{#if x}}{{/if}}")).toBe("2:1 {{#each …}} is not closed; write {{/each}}");
    expect(told("a\nb {{goal")).toMatch(/^2:1 cannot be read near "ab \{\{goal"; write \{\{name\}\}/);
    expect(told("{{#each a}}{{/if}}")).toBe("1:4 each doesn't match if");
    expect(told("x\n\n{{}}")).toMatch(/^3:1 cannot be read near "x\{\{\}\}"/);
    expect(told("x {{/if}}")).toMatch(/^1:1 cannot be read near/);
  });
});
