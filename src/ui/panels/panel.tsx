import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { fitLine, type Line, lineWidth, paint } from "../line.ts";

interface LinesProps {
  readonly lines: readonly Line[];
  readonly width: number;
  readonly color: boolean;
}

/** Lines of exactly `width` columns, one below the other. */
export function Lines({ lines, width, color }: LinesProps): ReactElement {
  return (
    <Box flexDirection="column" width={width} flexShrink={0}>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Text key={index} wrap="truncate-end">
          {paint(fitLine(line, width), color)}
        </Text>
      ))}
    </Box>
  );
}

interface PanelProps extends LinesProps {
  readonly title: string;
  /** Beside the title, dimmed. */
  readonly about?: string;
  /** On the lower border, at the right, dimmed. */
  readonly foot?: string;
  /** Borders included; missing lines are left blank, further ones out. */
  readonly height: number;
}

/** A bordered box with its title on the border. */
export function Panel({ title, about = "", foot = "", lines, width, height, color }: PanelProps): ReactElement {
  const inner = Math.max(0, width - 4);
  const body = Array.from({ length: Math.max(0, height - 2) }, (_, index): Line => lines[index] ?? []);
  const bordered = body.map((line): Line => [["dim", "│ "], ...fitLine(line, inner), ["dim", " │"]]);
  return (
    <Lines
      lines={[topBorder(title, about, width), ...bordered, bottomBorder(foot, width)]}
      width={width}
      color={color}
    />
  );
}

function topBorder(title: string, about: string, width: number): Line {
  const named: Line = [
    ["dim", "╭─ "],
    ["accent", title],
    ["dim", about === "" ? " " : `  ${about} `],
  ];
  const shown = fitLine(named, Math.min(lineWidth(named), Math.max(0, width - 2)));
  return [...shown, ["dim", `${"─".repeat(Math.max(0, width - 1 - lineWidth(shown)))}╮`]];
}

function bottomBorder(foot: string, width: number): Line {
  const text = foot === "" || foot.length + 6 > width ? "" : ` ${foot} ─`;
  return [["dim", `╰${"─".repeat(Math.max(0, width - 2 - text.length))}${text}╯`]];
}
