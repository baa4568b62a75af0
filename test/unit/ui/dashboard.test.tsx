import "./colors.ts";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { renderToString } from "ink";
import { cleanup, render } from "ink-testing-library";
import { afterEach, describe, expect, it } from "vitest";
import type { AuraEvent, AuraEventBody } from "../../../src/kernel/events.ts";
import { WAITING } from "../../../src/kernel/runner.ts";
import { hypothesisId, trialId } from "../../../src/model/ids.ts";
import { displayWidth } from "../../../src/text/width.ts";
import { Dashboard, type DashboardProps } from "../../../src/ui/dashboard.tsx";
import { INITIAL_VIEW } from "../../../src/ui/keys.tsx";
import { visibleRows } from "../../../src/ui/panels/hypotheses.tsx";
import { outputText } from "../../../src/ui/panels/running.tsx";
import { INITIAL_STATE } from "../../../src/ui/state.ts";
import { replay } from "../../../src/ui/store.ts";
import { experimentOf, HOSTILE, interruptedEvents, liveEvents, runStarted, stamp } from "./recorded-events.ts";

const SIZES = [
  [80, 24],
  [120, 40],
  [40, 10],
] as const;

function frameText(props: DashboardProps): string {
  return renderToString(<Dashboard {...props} />, { columns: props.size.columns });
}

function frame(events: readonly AuraEvent[], columns: number, rows: number, color = false, scroll = 0): string {
  const now = Date.parse(events.at(-1)?.at ?? "2026-01-31T12:00:00Z") + 3000;
  const view = { ...INITIAL_VIEW, scroll };
  return frameText({ state: replay(events), view, size: { columns, rows }, now, color, interactive: true });
}

afterEach(cleanup);

it("says in its first line from which run and state a run was started", () => {
  const state = { snapshot: "s1", hypothesisId: "i00002-h001" };
  const from = { workspace: "/elsewhere/runs/first", runId: "r1", hypotheses: 9, state, tracked: ["a"] };
  const shown = frame(
    stamp([runStarted]).map((event) =>
      event.type === "run.started" ? { ...event, run: { ...event.run, from } } : event,
    ),
    80,
    24,
  );
  expect(shown.split("\n")[0]).toMatch(/^◆ AURA {2}digits {2}from first@i00002-h001 +\S working/);
});

it("has no line for a goal that is not given", () => {
  const events = stamp([runStarted]).map((event) =>
    event.type === "run.started" ? { ...event, run: { ...event.run, goal: "" } } : event,
  );
  expect(frame(events, 80, 24).split("\n")[1]).toMatch(/^[━─]/);
});

it("says that nothing runs once a paused run has finished what ran, and its time stands still", () => {
  const trial = { trialId: trialId("i00001-h000", "trial", 0), hypothesisId: hypothesisId(1, 0), attempt: 1 };
  const outcome = { status: "completed", output: { accuracy: 0.5 } } as const;
  const bodies: AuraEventBody[] = [
    runStarted,
    { type: "trial.started", ...trial, slot: 0 },
    { type: "request.heard", kind: "pause" },
    { type: "trial.finished", ...trial, outcome, durationMs: 1000, retrying: false },
    { type: "request.heard", kind: "note", text: "later" },
    { type: "request.heard", kind: "continue" },
  ];
  const events = stamp(bodies, 1000);
  expect(frame(events.slice(0, 3), 80, 24)).toMatch(/■ paused[\s\S]*time 5s[\s\S]*i00001-h000-t00/);
  expect(frame(events.slice(0, 5), 80, 24)).toMatch(/■ paused[\s\S]*time 3s[\s\S]*nothing: the run is paused/);
  expect(frame(events, 80, 24)).toMatch(/working[\s\S]*time 6s/);
});

/** Hypotheses of an iteration each that crash, and are reviewed. */
function crashes(count: number): readonly AuraEvent[] {
  const logTail = "epoch 1\nTraceback (most recent call last):\n  File train.py, line 3\nValueError: no data\n";
  const failure = { code: "exit-code", message: "exited with code 1", exitCode: 1, logTail };
  const bodies = Array.from({ length: count }, (_, place) => {
    const iteration = place + 1;
    const id = hypothesisId(iteration, 0);
    const experiment = { hypothesisId: id, status: "failed", trials: [], summary: null, failure } as const;
    const reason = "exited with code 1: ValueError: no data";
    const finding = `1 of 1 have no score: ${reason}.`;
    return [
      { type: "hypothesis.proposed", hypothesis: { id, spec: { x: place } }, iteration },
      { type: "experiment.finished", experiment, iteration },
      {
        type: "evaluation.scored",
        evaluation: { hypothesisId: id, score: null, passed: false, reason, details: {} },
        iteration,
        best: null,
      },
      { type: "insight.recorded", insight: { id: `i0000${iteration}-n00`, iteration, finding, evidence: [id] } },
    ] as const;
  });
  return stamp([runStarted, ...bodies.flat()]);
}

describe("what a hypothesis that failed had printed", () => {
  it.each(SIZES)(
    "is in a panel, its last line in its row, and no insight says it again, at %i x %i",
    (columns, rows) => {
      const shown = frame(crashes(4), columns, rows);
      const inRows = rows < 24 ? [] : (shown.match(/✗ i\d+-h000 .*exited with code 1: ValueError: no data/g) ?? []);
      expect(shown.match(/ValueError: no data/g)).toHaveLength(inRows.length + 1);
      if (rows >= 24) expect(inRows.length).toBeGreaterThan(2);
      expect(shown).toContain(hypothesisId(4, 0));
      if (rows >= 24) expect(shown).toMatch(/last failure.*Traceback.*ValueError/s);
    },
  );

  it("is what the evaluator's command printed where that failed", () => {
    const id = hypothesisId(1, 0);
    const reason = "the evaluator's command exited with 1: KeyError: 'label'";
    const details = { logTail: "Traceback\n  score.py, line 9\nKeyError: 'label'\n" };
    const shown = stamp([
      runStarted,
      { type: "hypothesis.proposed", hypothesis: { id, spec: {} }, iteration: 1 },
      {
        type: "evaluation.scored",
        evaluation: { hypothesisId: id, score: null, passed: false, reason, details },
        iteration: 1,
        best: null,
      },
    ]);
    expect(frame(shown, 100, 40)).toMatch(/last failure {2}i00001-h000.*\n.*Traceback.*\n.*score\.py, line 9/);
  });

  it("is drawn with Ink as it is", () => {
    const state = replay(crashes(1));
    const size = { columns: 100, rows: 30 };
    const props = { state, view: INITIAL_VIEW, size, now: 0, color: false, interactive: true };
    expect(render(<Dashboard {...props} />).lastFrame()).toMatch(
      /Traceback.*\n.*File train.py, line 3.*\n.*ValueError/,
    );
  });
});

describe("the dashboard", () => {
  it.each(SIZES)("shows a live run at %i x %i", (columns, rows) => {
    expect(frame(liveEvents, columns, rows)).toMatchSnapshot();
  });

  it.each(SIZES)("shows an interrupted run at %i x %i", (columns, rows) => {
    expect(frame(interruptedEvents, columns, rows)).toMatchSnapshot();
  });

  it.each(SIZES)("is there before the first event at %i x %i", (columns, rows) => {
    expect(frame([], columns, rows)).toContain("◆ AURA");
  });

  it("draws through Ink as it is mounted in a terminal", () => {
    const now = Date.parse("2026-01-31T12:01:00Z");
    const props = { view: INITIAL_VIEW, size: { columns: 80, rows: 24 }, now, color: false, interactive: true };
    const { lastFrame } = render(<Dashboard {...props} state={replay(liveEvents)} />);
    expect(stripVTControlCharacters(lastFrame() ?? "")).toBe(frameText({ ...props, state: replay(liveEvents) }));
  });

  it("never takes more columns or rows than the terminal has, whatever its size and however far the run is", () => {
    const sizes = fc.tuple(fc.integer({ min: 4, max: 200 }), fc.integer({ min: 2, max: 60 }));
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: interruptedEvents.length }), ([columns, rows], count) => {
        const lines = frame(interruptedEvents.slice(0, count), columns, rows).split("\n");
        expect(lines.length).toBeLessThan(rows);
        for (const line of lines) expect(displayWidth(line)).toBeLessThan(columns);
      }),
      { numRuns: 25 },
    );
  });

  it("keeps its borders straight around wide and hostile text", () => {
    const lines = frame(liveEvents, 120, 40)
      .split("\n")
      .filter((line) => /[│╮╯]$/.test(line));
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(displayWidth(line)).toBe(119);
    expect(frame(liveEvents, 120, 40)).toContain("広い層を試す");
  });

  it("lets no escape of a model or a trial through, with colours or without", () => {
    for (const [columns, rows] of SIZES) {
      expect(frame(liveEvents, columns, rows)).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u);
      const colored = frame(liveEvents, columns, rows, true);
      expect(colored).toMatch(/\x1b\[/);
      expect(colored.replace(/\x1b\[[0-9;]*m/g, "")).toBe(frame(liveEvents, columns, rows));
    }
  });

  it("lays out no more of 1000 hypotheses than it shows", () => {
    const bodies = Array.from({ length: 1000 }, (_, i) => hypothesisId(1, i)).flatMap((id) => [
      { type: "hypothesis.proposed", iteration: 1, hypothesis: { id, spec: { lr: 0.1 } } } as const,
      ...experimentOf(id, 0, 0.8, null),
    ]);
    const events = stamp([runStarted, ...bodies], 1);
    const shown = frame(events, 80, 24).match(/i00001-h\d{3}/g) ?? [];
    expect(shown.length).toBeLessThanOrEqual(15);
    expect(shown[0]).toBe("i00001-h999");
    expect(visibleRows(replay(events), 0, 10)).toHaveLength(10);
    expect(frame(events, 80, 24, false, 1_000_000)).toContain("i00001-h000");
  });

  it("shows the numbers of a JSON line of output and any other line as it is", () => {
    expect(outputText('{"step": 3, "loss": 0.31271}')).toBe("step=3 loss=0.3127");
    expect(outputText("  reading data ")).toBe("reading data");
    expect(outputText("{not json")).toBe("{not json");
    expect(outputText(HOSTILE)).not.toMatch(/[\x00-\x1f]/);
  });

  it("shows a warning up to its end, which says what to do, where a second line is enough for it", () => {
    const message = `${"what a model changed may do harm, ".repeat(3)}so run it in a sandbox of your choice`;
    const warned = stamp(
      [runStarted, { type: "warning", code: "a", message }, { type: "warning", code: "a", message }],
      1,
    );
    expect(frame(warned, 80, 24)).toMatch(/^! what .*\n {2}.*sandbox of your choice \(2 warnings\)$/m);
    expect(frame(warned, 80, 16)).toMatch(/^! what .*…$/m);
  });

  it("says that a provider is waited for until its call has ended", () => {
    const callId = "i00001-researcher-a1";
    const waiting = stamp(
      [
        runStarted,
        { type: "warning", code: "a", message: "no sandbox" },
        { type: "call.started", callId, role: "researcher", iteration: 1 },
        { type: "warning", code: WAITING, message: "status 429; trying again in 1.0 s" },
        { type: "call.failed", callId, role: "researcher", failure: { code: "x", message: "gone" }, retrying: false },
      ],
      1,
    );
    expect(frame(waiting.slice(0, 4), 80, 24)).toMatch(/^! status 429; trying again in 1\.0 s$/m);
    expect(frame(waiting, 80, 24)).toMatch(/^! no sandbox$/m);
  });

  it("says what it waits for while a model is asked", () => {
    const started = liveEvents.findIndex(({ type }) => type === "call.started");
    expect(frame(liveEvents.slice(0, started + 1), 80, 24)).toMatch(/asking the model for hypotheses +3s/);
  });

  it("needs nothing to start from", () => {
    const size = { columns: 80, rows: 24 };
    const text = frameText({
      state: INITIAL_STATE,
      view: INITIAL_VIEW,
      size,
      now: 0,
      color: false,
      interactive: false,
    });
    expect(text).toContain("starting");
    expect(text).toContain("Ctrl-C");
  });
});
