import { Box } from "ink";
import type { ReactElement } from "react";
import { formatScore, parametersText } from "../../text/numbers.ts";
import type { Layout } from "../layout.ts";
import type { DashboardState } from "../state.ts";
import { Words } from "../words.tsx";
import type { PanelContext } from "./header.tsx";
import { Table } from "./hypotheses.tsx";
import { RunningLines } from "./running.tsx";

/** Best, what runs and the newest hypotheses without borders, for small terminals. */
export function Compact(props: PanelContext & { readonly layout: Layout; readonly scroll: number }): ReactElement {
  const { state, width, now, layout, scroll } = props;
  const { top, tableRows } = layout;
  return (
    <Box flexDirection="column" height={top + tableRows} flexShrink={0} overflow="hidden">
      {top >= 1 && <BestLine state={state} />}
      {top >= 2 && <RunningLines state={state} now={now} height={1} />}
      {tableRows > 0 && <Table {...{ state, width, now, scroll, tableRows }} withHead={false} />}
    </Box>
  );
}

function BestLine({ state: { best } }: { readonly state: DashboardState }): ReactElement {
  if (!best) return <Words tone="dim">no score yet</Words>;
  return (
    <Words>
      <Words tone="number">★ {formatScore(best.score)}</Words>
      <Words tone="strong">{`  ${best.id}`}</Words>
      <Words tone="dim">{`  ${parametersText(best.parameters)}`}</Words>
    </Words>
  );
}
