import { renderToString } from "ink";
import { Dashboard, type DashboardProps } from "./dashboard.tsx";

/** One frame of the dashboard as text, lines separated by line feeds, with colour escapes where `color` is set. */
export function frameText(props: DashboardProps): string {
  return renderToString(<Dashboard {...props} />, { columns: props.size.columns });
}
