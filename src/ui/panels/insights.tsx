import { Box } from "ink";
import { Fragment, type ReactElement } from "react";
import { Panel, type Tone, Words } from "../words.tsx";
import type { PanelContext } from "./header.tsx";

/** The latest insights, newest first, each with its recommendation while there is room. */
export function Insights({ state, width, height }: PanelContext & { readonly height: number }): ReactElement {
  const newest = [...state.insights].reverse().slice(0, height);
  const about = newest[0] ? `of iteration ${newest[0].iteration}` : "";
  return (
    <Panel title="insights" about={about} width={width} height={height}>
      {newest.map(({ id, finding, recommendation }) => (
        <Fragment key={id}>
          <Marked tone="good" mark="› " words={finding} />
          {recommendation !== "" && <Marked tone="accent" mark="  → " words={recommendation} dim />}
        </Fragment>
      ))}
    </Panel>
  );
}

interface MarkedProps {
  readonly tone: Tone;
  readonly mark: string;
  readonly words: string;
  readonly dim?: boolean;
}

function Marked({ tone, mark, words, dim = false }: MarkedProps): ReactElement {
  return (
    <Box flexShrink={0}>
      <Box flexShrink={0}>
        <Words tone={tone}>{mark}</Words>
      </Box>
      <Words tone={dim ? "dim" : "plain"} wrap="wrap">
        {words}
      </Words>
    </Box>
  );
}
