import type { ReactElement } from "react";
import { statusOf } from "../../kernel/finish-reason.ts";
import type { ViewState } from "../keys.tsx";
import { type Layout, warningLines } from "../layout.ts";
import type { DashboardState } from "../state.ts";
import { Fitting, Words } from "../words.tsx";

interface FooterProps {
  readonly state: DashboardState;
  readonly view: ViewState;
  readonly interactive: boolean;
}

/** The last warning. */
export function Warning({ state, layout }: { readonly state: DashboardState; readonly layout: Layout }): ReactElement {
  return <Words tone="warn">{warningLines(state, layout.width, layout.warning).join("\n")}</Words>;
}

/** The keys, or what a pressed key led to, or where the results of a finished run are. */
export function Footer({ state, view, interactive }: FooterProps): ReactElement {
  if (state.finished) {
    const hasFailed = statusOf(state.finished.reason) === "failed";
    return (
      <Words>
        <Words tone="dim">results in </Words>
        {state.run?.workspace ?? ""}
        <Words tone={hasFailed ? "bad" : "dim"}>
          {state.finished.message === "" ? "" : `  ${state.finished.message}`}
        </Words>
      </Words>
    );
  }
  if (view.stop === "now") return <Words tone="warn">stopping now</Words>;
  if (view.stop === "graceful") {
    const said = <Words tone="warn">finishing what runs, then stopping</Words>;
    return <Fitting gap={3} items={[["said", said], keyed("Q", "stop now")]} />;
  }
  if (!interactive) return <Words tone="dim">Ctrl-C finishes what runs and stops; twice stops now</Words>;
  return (
    <Fitting
      gap={3}
      items={[
        keyed("q", "finish and stop"),
        keyed("Q", "stop now"),
        keyed("↑ ↓", "scroll"),
        keyed("g G", "newest, oldest"),
      ]}
    />
  );
}

function keyed(keys: string, what: string): readonly [string, ReactElement] {
  return [
    keys,
    <Words key={keys}>
      <Words tone="key">{keys}</Words>
      <Words tone="dim"> {what}</Words>
    </Words>,
  ];
}
