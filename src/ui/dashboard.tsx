import { Box } from "ink";
import type { ReactElement } from "react";
import { layoutFor, type Size } from "./layout.ts";
import { Best } from "./panels/best.tsx";
import { Compact } from "./panels/compact.tsx";
import { Footer, Warning } from "./panels/footer.tsx";
import { Header } from "./panels/header.tsx";
import { Hypotheses } from "./panels/hypotheses.tsx";
import { Insights } from "./panels/insights.tsx";
import { Running } from "./panels/running.tsx";
import type { DashboardState } from "./state.ts";
import type { ViewState } from "./view.ts";

export interface DashboardProps {
  readonly state: DashboardState;
  readonly view: ViewState;
  readonly size: Size;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly color: boolean;
  /** Whether keys reach the dashboard. */
  readonly interactive: boolean;
}

/** The whole screen of a run; never higher than the terminal and never wider. */
export function Dashboard({ state, view, size, now, color, interactive }: DashboardProps): ReactElement {
  const layout = layoutFor(size, state);
  const { width } = layout;
  const shared = { state, width, color, now };
  const footer = size.rows > 3 && <Footer {...shared} view={view} interactive={interactive} />;
  if (layout.mode === "compact") {
    return (
      <Box flexDirection="column">
        <Header {...shared} height={layout.header} />
        <Compact {...shared} layout={layout} scroll={view.scroll} />
        {layout.warning > 0 && <Warning {...shared} />}
        {footer}
      </Box>
    );
  }
  const left = Math.floor(width / 2);
  return (
    <Box flexDirection="column">
      <Header {...shared} height={layout.header} />
      <Box>
        <Best {...shared} width={left} height={layout.top} />
        <Running {...shared} width={width - left} height={layout.top} />
      </Box>
      <Hypotheses {...shared} height={layout.table} tableRows={layout.tableRows} scroll={view.scroll} />
      {layout.insights > 0 && <Insights {...shared} height={layout.insights} />}
      {layout.warning > 0 && <Warning {...shared} />}
      {footer}
    </Box>
  );
}
