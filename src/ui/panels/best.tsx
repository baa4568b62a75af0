import { Box } from "ink";
import type { ReactElement, ReactNode } from "react";
import { scoreFormat } from "../../text/numbers.ts";
import { sparkline } from "../gauge.ts";
import type { DashboardState } from "../state.ts";
import { Fitting, Panel, Words } from "../words.tsx";
import type { PanelContext } from "./header.tsx";

/** The best so far with its parameters and how it came about. */
export function Best({ state, width, height }: PanelContext & { readonly height: number }): ReactElement {
  const { best } = state;
  const baseline = state.run?.metric.baseline;
  const format = scoreFormat([best?.score, best?.before, baseline]);
  const baselineWords = baseline === undefined ? "" : `baseline ${format(baseline)}`;
  if (best === null) {
    return (
      <Panel title="best so far" width={width} height={height}>
        <Words tone="dim">{state.finished ? "nothing was scored" : "no score yet"}</Words>
        <Words tone="dim">
          {metricWords(state)} {baselineWords}
        </Words>
      </Panel>
    );
  }
  const items: (readonly [string, ReactNode])[] = [
    ["score", <ScoreWords key="score" state={state} score={format(best.score)} />],
    ...(best.before === undefined
      ? []
      : [["before", <Words key="before" tone="good">{`was ${format(best.before)}`}</Words>] as const]),
    ...(baselineWords === ""
      ? []
      : [
          [
            "baseline",
            <Words key="baseline" tone="dim">
              {baselineWords}
            </Words>,
          ] as const,
        ]),
  ];
  return (
    <Panel title="best so far" width={width} height={height}>
      <Fitting items={items} gap={2} />
      <Words>
        <Words tone="strong">{best.id}</Words>
        <Words tone="dim">{best.label === undefined ? "" : `  ${best.label}`}</Words>
      </Words>
      <Box flexGrow={1} flexShrink={1} overflow="hidden">
        <Fitting
          gap={3}
          height={Math.max(1, height - 5)}
          items={best.parameters.map(({ name, value }) => [
            name,
            <Words key={name}>
              <Words tone="dim">{name} </Words>
              {value}
            </Words>,
          ])}
        />
      </Box>
      <Words tone="bar">{sparkline(state.history.points, width - 4)}</Words>
    </Panel>
  );
}

function ScoreWords({ state, score }: { readonly state: DashboardState; readonly score: string }): ReactElement {
  return (
    <Words>
      <Words tone="number">{score}</Words>
      {`  ${metricWords(state)}`}
    </Words>
  );
}

/** `accuracy ↑` or `loss ↓`. */
export function metricWords(state: DashboardState): string {
  const metric = state.run?.metric;
  return metric ? `${metric.name} ${metric.direction === "maximize" ? "↑" : "↓"}` : "score";
}
