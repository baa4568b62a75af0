import { describe, expect, it } from "vitest";
import { TOKEN_BUDGETS } from "../../../../src/components/prompting/budgets.ts";
import { promptVariables } from "../../../../src/components/prompting/variables.ts";
import { defaultResearchPrompt } from "../../../../src/components/researchers/default-prompt.ts";
import type { HistoryEntry, StageContext } from "../../../../src/kernel/context.ts";
import { type HypothesisId, hypothesisId, parseHypothesisId } from "../../../../src/model/ids.ts";
import { renderPrompt } from "../../../../src/platform/template.ts";
import { historyEntry, stageContext } from "../../../support/stage-context.ts";

function render(ctx: StageContext, source = defaultResearchPrompt("reply")): string {
  const own = { hypothesis_schema: () => "" };
  return renderPrompt(source, promptVariables(ctx, { role: "researcher", numTasks: 3, own }));
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** A run in which every hypothesis edits the state of the one before it, and says as much as it can. */
function talkative(entries: readonly HistoryEntry[], best: HistoryEntry | null, size = 10): StageContext {
  const stated = entries.map((entry) => ({ ...entry, hasEdits: true, state: `state of ${entry.id}` }));
  const iteration = (stated.at(-1)?.iteration ?? 0) + 1;
  const base = stageContext({ entries: stated, iteration });
  const words = (what: string, id: HypothesisId) => `${what} of ${id} ${"x".repeat(size)}`;
  const parentOf = (id: HypothesisId): HypothesisId => {
    const { iteration = 0 } = parseHypothesisId(id) ?? {};
    return hypothesisId(Math.max(0, iteration - 1), 0);
  };
  return {
    ...base,
    history: {
      entries: stated,
      tried: stated.length,
      best: stated.find(({ id }) => id === best?.id) ?? null,
      refused: [{ label: "bad", reason: words("refusal", "bad"), edit: '{"path":"a.py","search":"nowhere"}' }],
      insights: stated.map(({ id }) => ({ id: `n${id}`, iteration: 1, finding: words("finding", id), evidence: [id] })),
    },
    notes: stated.map(({ id }) => words("note", id)),
    artifacts: {
      base: "s",
      parent: "s",
      start: "s",
      baseOf: best?.id ?? "i00000-h000",
      files: () => [{ path: "a.py", size, content: "a".repeat(size * 100) }],
      diff: (from, to) => `-${from}\n+${to}\n${"+\n".repeat(size)}`,
    },
    workspace: {
      ...base.workspace,
      readHypothesis: (id) => {
        const parent = parentOf(id);
        const state = { snapshot: `state of ${parent}`, hypothesisId: parent };
        return { id, spec: {}, base: state, rationale: words("why", id) };
      },
      readEvaluation: (id) => ({ hypothesisId: id, score: 1, passed: true, reason: words("reason", id), details: {} }),
      readExperiment: (id) => ({
        hypothesisId: id,
        status: "completed",
        trials: [],
        summary: { accuracy: 0.5, loss: Number(id.slice(1, 6)) + 0.25, text: words("output", id), feedback: "no" },
        failure: { code: "exit", message: "m", logTail: words("log", id) },
      }),
    },
  };
}

describe("what the model is told", () => {
  const scores = [0.1, 0.9, 0.7, 0.8, 0.6, 0.5, 0.4, 0.3];
  const entries = scores.map((score, i) => ({
    ...historyEntry(i, 0, { i }, score),
    feedback: `hint of ${hypothesisId(i, 0)}\nin two lines`,
  }));
  const failed = historyEntry(7, 1, { bad: 1 }, null);
  const best = entries[1] ?? null;

  it("holds metrics, reason, feedback, rationale and the own diff of best, latest and runners-up, each once", () => {
    const text = render(talkative([...entries, { ...failed, reason: "exited with 3" }], best));
    for (const id of ["i00001-h000", "i00007-h000", "i00002-h000", "i00003-h000", "i00004-h000"]) {
      for (const what of ["why", "reason", "hint"]) expect(count(text, `${what} of ${id}`), `${what} ${id}`).toBe(1);
      const parent = hypothesisId(Number(id.slice(1, 6)) - 1, 0);
      expect(count(text, `What ${id} changed in ${parent}:\n\`\`\`diff\n-state of ${parent}\n+state of ${id}`)).toBe(1);
      expect(count(text, `metrics: {"accuracy":0.5,"loss":${Number(id.slice(1, 6))}.25}`)).toBe(1);
      expect(count(text, `${id} score=`)).toBe(1);
    }
    expect(count(text, "i00005-h000 score=0.5")).toBe(1);
    expect(text).toMatch(/^i00005-h000 score=0\.5 .*why: why of i00005-h000/m);
    expect(text).not.toContain("hint of i00005-h000");
    expect(text).not.toContain("output of");
    expect(count(text, "exited with 3")).toBe(1);
    expect(text).toMatch(/^i00007-h001: exited with 3.*\nwhy: why of i00007-h001 x*\nlog of i00007-h001/m);
    expect(text).toContain('\nits edit: {"path":"a.py","search":"nowhere"}\n');
  });

  it("tells of the base when it is not the best, and else that it is", () => {
    const ctx = talkative(entries, best);
    const { artifacts } = ctx;
    if (!artifacts) expect.unreachable();
    expect(render(ctx)).toContain("# Best so far, whose state the files above are in\n```\ni00001-h000");
    const other = render({ ...ctx, artifacts: { ...artifacts, baseOf: "i00005-h000" } });
    expect(other).toContain("# Whose state the files above are in\n```\ni00005-h000");
    expect(other).toContain("# Best so far\n```\ni00001-h000");
    expect(count(other, "i00005-h000 score=")).toBe(1);
  });

  it("shows feedback whole, up to its 4 KB", () => {
    const long = `${"é".repeat(2000)} the end`;
    const told = entries.map((entry) => (entry === best ? { ...entry, feedback: long } : entry));
    expect(render(talkative(told, best))).toContain(long);
    expect(render(talkative(told, best), "{{best.feedback}}")).toBe(`\`\`\`\n${long}\n\`\`\``);
  });

  it("tells failures of the last two iterations only, and the others in a line", () => {
    const many = [1, 2, 3, 4].map((i) => ({ ...historyEntry(i, 0, {}, null), reason: `broke in ${i}` }));
    const text = render(talkative([...many, historyEntry(5, 0, {}, 1)], null), "{{failures}}\n---\n{{earlier}}");
    const [failures = "", earlier = ""] = text.split("---");
    expect(failures).not.toContain("broke in 3");
    expect(failures).toContain("broke in 4");
    expect(failures).toContain("log of i00004-h000");
    expect(earlier).toContain("broke in 3");
    expect(earlier).not.toContain("broke in 4");
  });

  it("tells of the latest in a line where there is no room for all that is known of them", () => {
    const many = Array.from({ length: 12 }, (_, n) => ({
      ...historyEntry(1, n, { n }, n),
      feedback: "f".repeat(4096),
    }));
    const text = render(talkative(many, null), "{{latest}}");
    expect(text).toContain("why of i00001-h011");
    expect(text).not.toContain("why of i00001-h000");
    for (const { id } of many) expect(count(text, `${id} score=`), id).toBe(1);
  });

  it("stays inside its budget at iterations 1, 10 and 1,000", () => {
    const parts = Object.values(TOKEN_BUDGETS).reduce((sum, tokens) => sum + tokens, 0);
    const sizes = [1, 10, 1000].map((iteration) => {
      const all = Array.from({ length: (iteration - 1) * 4 }, (_, i) => {
        const entry = historyEntry(Math.floor(i / 4) + 1, i % 4, { long: "y".repeat(1000) }, i % 4 === 3 ? null : i);
        return { ...entry, reason: "z".repeat(3000), feedback: "f".repeat(4096) };
      });
      return render(talkative(all, all.at(-2) ?? null, 3000)).length;
    });
    for (const size of sizes) expect(size).toBeLessThan(parts * 4);
    expect(sizes[2]).toBeLessThan((sizes[1] ?? 0) * 1.25);
  });
});

describe("scoring", () => {
  const of = (ctx: Partial<StageContext>): StageContext => {
    const base = stageContext({ direction: "minimize" });
    return { ...base, ...ctx, settings: { ...base.settings, ...ctx.settings } };
  };

  it("says which way is better and nothing that is not known", () => {
    expect(render(stageContext(), "{{scoring}}")).toBe("accuracy (maximize): higher is better.");
  });

  it("tells the prompt that a trial asks a model with, bounded", () => {
    const told = (prompt: string): string => render(of({ scoring: { prompt, trials: 2 } }), "{{scoring}}");
    expect(told("Answer in a {{tone}} tone: {{case.q}}")).toContain(
      "For each a model is asked 2 times with this prompt, a template:\n```\nAnswer in a {{tone}} tone: {{case.q}}\n```",
    );
    expect(told("x".repeat(50_000)).length).toBeLessThan(8500);
  });

  it("tells checks, command, limits, what is read-only, and what lives on", () => {
    const { settings } = stageContext({ direction: "minimize" });
    const ctx = of({
      settings: {
        ...settings,
        metric: { ...settings.metric, minDelta: { kind: "relative", value: 0.03 } },
        artifacts: ["src/", "best.json"],
        inputs: [{ path: "data.csv", absolutePath: "/data.csv", show: "name" }],
        timeBudgetMs: 90_000,
      },
      scoring: {
        command: "python src/solve.py --k {k}",
        timeoutMs: 120_000,
        limits: { memoryBytes: 2 ** 30, pids: 100, fileSizeBytes: 3 * 2 ** 20 },
        trials: 3,
        capture: true,
        checks: ["pytest -q", "ruff check"],
      },
    });
    expect(render(ctx, "{{scoring}}")).toBe(
      [
        "accuracy (minimize): lower is better.",
        "Only what is better than the best by more than 3% takes its place.",
        "These have to succeed first:\n```\npytest -q\nruff check\n```",
        "Each is run 3 times by\n```\npython src/solve.py --k {k}\n```",
        "A trial may take 90s at most.",
        "It may use 1 GiB of memory, 100 processes, files of 3 MiB.",
        "Only src/, best.json can be changed; all else of the project is read-only, data.csv among it.",
        "What a trial writes under src/, best.json is kept, and carried on with its hypothesis when that is carried on: " +
          "write the best solution found there, and let the next trial start from it.",
      ].join("\n"),
    );
    expect(render(ctx, "{{scoring.command}}|{{#each scoring.checks}}{{this}};{{/each}}")).toBe(
      "python src/solve.py --k {k}|pytest -q;ruff check;",
    );
  });
});
