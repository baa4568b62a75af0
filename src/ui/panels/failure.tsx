import type { ReactElement } from "react";
import type { DashboardState } from "../state.ts";
import { Panel, Words } from "../words.tsx";
import type { PanelContext } from "./header.tsx";

/** What the hypothesis that failed last had printed in the end. */
export function LastFailure({ state, width, height }: PanelContext & { readonly height: number }): ReactElement {
  const { id = "", lines = [] } = state.failed ?? {};
  return (
    <Panel title="last failure" about={id} foot={`more: inspect … logs ${id}`} width={width} height={height}>
      {lines.slice(2 - height).map((line, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same line may come twice
        <Words key={place}>{line}</Words>
      ))}
    </Panel>
  );
}

/** The same in one line, for small terminals. */
export function FailureLine({ state }: { readonly state: DashboardState }): ReactElement {
  return (
    <Words>
      <Words tone="bad">✗ {state.failed?.id ?? ""} </Words>
      {state.failed?.lines.at(-1) ?? ""}
    </Words>
  );
}
