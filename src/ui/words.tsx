import { Box, Text, type TextProps } from "ink";
import { createContext, type ReactElement, type ReactNode, useContext } from "react";

/** How words are drawn; the sixteen colours of the terminal only, so that the user's own palette holds. */
export type Tone = "plain" | "strong" | "dim" | "accent" | "good" | "bad" | "warn" | "brand" | "bar" | "key" | "number";

const STYLES: Readonly<Record<Tone, TextProps>> = {
  plain: {},
  strong: { bold: true },
  dim: { dimColor: true },
  accent: { color: "cyan" },
  good: { color: "green" },
  bad: { color: "red" },
  warn: { color: "yellow" },
  brand: { color: "cyan", bold: true },
  bar: { color: "blue" },
  key: { color: "yellow", bold: true },
  number: { color: "green", bold: true },
};

/** Whether colours are written. */
export const Colors = createContext(true);

interface WordsProps {
  readonly tone?: Tone;
  readonly wrap?: "wrap" | "truncate-end";
  readonly children: ReactNode;
}

/** Text on one line, cut with `…` where it does not fit. */
export function Words({ tone = "plain", wrap = "truncate-end", children }: WordsProps): ReactElement {
  const style = useContext(Colors) ? STYLES[tone] : {};
  return (
    <Text {...style} wrap={wrap}>
      {children}
    </Text>
  );
}

/** Words at both ends of a line; the left ones give way. */
export function Ends({ left, right }: { readonly left: ReactNode; readonly right: ReactNode }): ReactElement {
  return (
    <Box justifyContent="space-between" height={1}>
      <Words>{left}</Words>
      <Box flexShrink={0} marginLeft={1}>
        {right}
      </Box>
    </Box>
  );
}

interface FittingProps {
  readonly items: readonly (readonly [name: string, item: ReactNode])[];
  readonly gap: number;
  /** Lines there are for them. Default: one. */
  readonly height?: number;
}

/** As many whole items as fit, side by side. */
export function Fitting({ items, gap, height = 1 }: FittingProps): ReactElement {
  return (
    <Box flexWrap="wrap" columnGap={gap} height={height} overflow="hidden">
      {items.map(([name, item]) => (
        <Box key={name} flexShrink={0} height={1}>
          <Words>{item}</Words>
        </Box>
      ))}
    </Box>
  );
}

interface PanelProps {
  readonly title: string;
  /** Beside the title, dimmed. */
  readonly about?: string;
  /** On the lower border, at the right, dimmed. */
  readonly foot?: string;
  readonly width: number;
  /** Borders included; what needs more is cut. */
  readonly height: number;
  readonly children: ReactNode;
}

/** A bordered box with its title on the border. */
export function Panel({ title, about = "", foot = "", width, height, children }: PanelProps): ReactElement {
  const dim = useContext(Colors);
  return (
    <Box width={width} height={height} flexShrink={0} borderStyle="round" borderDimColor={dim} paddingX={1}>
      <Box flexDirection="column" flexGrow={1} height={height - 2} overflow="hidden">
        {children}
      </Box>
      <Box position="absolute" marginTop={-1} width={width - 4}>
        <Words>
          <Words tone="accent"> {title}</Words>
          <Words tone="dim">{about === "" ? " " : `  ${about} `}</Words>
        </Words>
      </Box>
      {foot !== "" && (
        <Box position="absolute" marginTop={height - 2} width={width - 4} justifyContent="flex-end">
          <Words tone="dim"> {foot} </Words>
        </Box>
      )}
    </Box>
  );
}
