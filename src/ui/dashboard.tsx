import { Box } from "ink";
import type { ReactElement } from "react";
import type { ViewState } from "./keys.tsx";
import { type Layout, layoutFor, type Size } from "./layout.ts";
import { Best } from "./panels/best.tsx";
import { Compact } from "./panels/compact.tsx";
import { FailureLine, LastFailure } from "./panels/failure.tsx";
import { Footer, Warning } from "./panels/footer.tsx";
import { Header, type PanelContext } from "./panels/header.tsx";
import { Hypotheses } from "./panels/hypotheses.tsx";
import { Insights } from "./panels/insights.tsx";
import { Running } from "./panels/running.tsx";
import type { DashboardState } from "./state.ts";
import { Colors } from "./words.tsx";

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
  const shared = { state, width, now };
  return (
    <Colors.Provider value={color}>
      <Box flexDirection="column" width={width} overflow="hidden">
        <Header {...shared} height={layout.header} />
        {layout.mode === "compact" ? (
          <Compact {...shared} layout={layout} scroll={view.scroll} />
        ) : (
          <Panels {...shared} layout={layout} scroll={view.scroll} />
        )}
        {layout.mode === "compact" && layout.failed > 0 && <FailureLine state={state} />}
        {layout.warning > 0 && <Warning state={state} layout={layout} />}
        {size.rows > 3 && <Footer state={state} view={view} interactive={interactive} />}
      </Box>
    </Colors.Provider>
  );
}

function Panels(props: PanelContext & { readonly layout: Layout; readonly scroll: number }): ReactElement {
  const { layout, scroll, ...shared } = props;
  const left = Math.floor(layout.width / 2);
  return (
    <>
      <Box flexShrink={0}>
        <Best {...shared} width={left} height={layout.top} />
        <Running {...shared} width={layout.width - left} height={layout.top} />
      </Box>
      <Hypotheses {...shared} height={layout.table} tableRows={layout.tableRows} scroll={scroll} />
      {layout.failed > 0 && <LastFailure {...shared} height={layout.failed} />}
      {layout.insights > 0 && <Insights {...shared} height={layout.insights} />}
    </>
  );
}
