/** Draws the text of a terminal, colours and all, as an SVG picture that needs no particular font. */

export interface TerminalPicture {
  /** Lines separated by line feeds; SGR escapes are the only ones understood. */
  readonly text: string;
  readonly columns: number;
  /** Shown in the window's title bar. */
  readonly title: string;
  /** For those who cannot see it. */
  readonly description: string;
}

interface Style {
  readonly color: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Cell {
  readonly character: string;
  readonly column: number;
  readonly style: Style;
}

const CELL = { width: 8.4, height: 18 };
const PADDING = 20;
const TITLE_BAR = 40;
const MARGIN = 1;
const FONT = "ui-monospace,SFMono-Regular,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
const BACKGROUND = "#0f1420";
const FOREGROUND = "#d6deeb";
const DIM = "#7b88a3";
const COLORS: Readonly<Record<number, string>> = {
  31: "#ff6b81",
  32: "#5fd38d",
  33: "#f4c76a",
  34: "#6ea8fe",
  35: "#c792ea",
  36: "#4fd6e0",
};
const PLAIN: Style = { color: null, bold: false, dim: false };
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** The picture as the text of an SVG file. */
export function terminalSvg({ text, columns, title, description }: TerminalPicture): string {
  const lines = text.split("\n").map(cellsOf);
  const width = round(columns * CELL.width + PADDING * 2 + MARGIN * 2);
  const height = round(lines.length * CELL.height + TITLE_BAR + PADDING + MARGIN * 2);
  const body = lines.flatMap((cells, row) => drawLine(cells, TITLE_BAR + row * CELL.height));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(description)}">`,
    `<defs><linearGradient id="window" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#141b2b"/><stop offset="0.25" stop-color="${BACKGROUND}"/></linearGradient></defs>`,
    `<rect x="${MARGIN}" y="${MARGIN}" width="${width - MARGIN * 2}" height="${height - MARGIN * 2}" rx="12" fill="url(#window)" stroke="#2a3448" stroke-width="1"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (color, index) => `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${color}"/>`,
    ),
    `<text x="${width / 2}" y="25" text-anchor="middle" font-family="${FONT}" font-size="13" fill="${DIM}">${escapeXml(title)}</text>`,
    `<g font-family="${FONT}" font-size="14" fill="${FOREGROUND}" transform="translate(${PADDING + MARGIN} ${MARGIN})" xml:space="preserve">`,
    ...body,
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

/** The characters of a line with where they stand and how they look. */
function cellsOf(line: string): readonly Cell[] {
  const cells: Cell[] = [];
  let style = PLAIN;
  let column = 0;
  for (const [token] of line.matchAll(/\x1b\[[0-9;]*m|[^\x1b]/gu)) {
    if (token.startsWith("\x1b")) {
      style = restyle(style, token);
      continue;
    }
    cells.push({ character: token, column, style });
    column += WIDE.test(token) ? 2 : /\p{M}/u.test(token) ? 0 : 1;
  }
  return cells;
}

function restyle(style: Style, sgr: string): Style {
  let next = style;
  for (const code of sgr.slice(2, -1).split(";").map(Number)) {
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 39) next = { ...next, color: null };
    else if (COLORS[code]) next = { ...next, color: COLORS[code] ?? null };
  }
  return next;
}

/** Lines and blocks are drawn as shapes, so that they join whatever the font; the rest as runs of text. */
function drawLine(cells: readonly Cell[], top: number): readonly string[] {
  const shapes: string[] = [];
  const runs: Cell[][] = [];
  for (const cell of cells) {
    if (cell.character === " ") continue;
    const shape = drawShape(cell, top);
    if (shape !== null) {
      shapes.push(shape);
      continue;
    }
    const run = runs.at(-1);
    const last = run?.at(-1);
    // One blank does not end a run; a wide or combining character does, as fonts disagree on their width.
    const near = last !== undefined && cell.column - last.column <= 2 && cell.column > last.column;
    if (run && last && near && last.style === cell.style && isNarrow(last) && isNarrow(cell)) run.push(cell);
    else runs.push([cell]);
  }
  return [...merged(shapes), ...runs.map((run) => drawRun(run, top))];
}

function isNarrow({ character }: Cell): boolean {
  return /^[\x20-\x7e]$/.test(character);
}

function drawRun(run: readonly Cell[], top: number): string {
  const [first] = run;
  const last = run.at(-1);
  if (!first || !last) return "";
  let text = "";
  for (const cell of run) text = text.padEnd(cell.column - first.column) + cell.character;
  const length = round((last.column - first.column + 1) * CELL.width);
  const place = `x="${round(first.column * CELL.width)}" y="${round(top + 13.5)}"`;
  const fill = fillOf(first.style);
  const look = `${fill === FOREGROUND ? "" : ` fill="${fill}"`}${first.style.bold ? ' font-weight="700"' : ""}`;
  const fitted = text.length > 1 ? ` textLength="${length}" lengthAdjust="spacingAndGlyphs"` : "";
  return `<text ${place}${look}${fitted}>${escapeXml(text)}</text>`;
}

function fillOf({ color, dim }: Style): string {
  return dim ? DIM : (color ?? FOREGROUND);
}

const LEVELS = "▁▂▃▄▅▆▇█";

function drawShape({ character, column, style }: Cell, top: number): string | null {
  const { width: w, height: h } = CELL;
  const [x, y] = [round(column * w), top];
  const fill = fillOf(style);
  const rect = (rx: number, ry: number, rw: number, rh: number): string =>
    `<rect x="${round(rx)}" y="${round(ry)}" width="${round(rw)}" height="${round(rh)}" fill="${fill}"/>`;
  const stroke = `fill="none" stroke="${fill === DIM ? "#3a4660" : fill}" stroke-width="1.2"`;
  const [cx, cy] = [round(x + w / 2), round(y + h / 2)];
  const [right, bottom] = [round(x + w), round(y + h)];
  const level = LEVELS.indexOf(character) + 1;
  if (level > 0) return rect(x, y + h - 3 - (level / 8) * (h - 5), w - 1.2, (level / 8) * (h - 5));
  switch (character) {
    case "━":
      return rect(x, cy - 2, w, 4);
    case "╸":
      return rect(x, cy - 2, w / 2, 4);
    case "─":
      return `<path d="M${x} ${cy}H${right}" ${stroke}/>`;
    case "│":
      return `<path d="M${cx} ${y}V${bottom}" ${stroke}/>`;
    case "╭":
      return `<path d="M${cx} ${bottom}V${cy + 4}Q${cx} ${cy} ${cx + 4} ${cy}H${right}" ${stroke}/>`;
    case "╮":
      return `<path d="M${x} ${cy}H${round(cx - 4)}Q${cx} ${cy} ${cx} ${cy + 4}V${bottom}" ${stroke}/>`;
    case "╰":
      return `<path d="M${cx} ${y}V${cy - 4}Q${cx} ${cy} ${round(cx + 4)} ${cy}H${right}" ${stroke}/>`;
    case "╯":
      return `<path d="M${x} ${cy}H${round(cx - 4)}Q${cx} ${cy} ${cx} ${cy - 4}V${y}" ${stroke}/>`;
    default:
      return null;
  }
}

/** Neighbouring pieces of one horizontal line or bar as one shape. */
function merged(shapes: readonly string[]): readonly string[] {
  const result: string[] = [];
  for (const shape of shapes) {
    const before = result.at(-1);
    const joined = before === undefined ? null : (joinPaths(before, shape) ?? joinRects(before, shape));
    if (joined === null) result.push(shape);
    else result[result.length - 1] = joined;
  }
  return result;
}

function joinPaths(before: string, shape: string): string | null {
  const a = /^<path d="M(\S+) (\S+)H(\S+)" (.*)$/.exec(before);
  const b = /^<path d="M(\S+) (\S+)H(\S+)" (.*)$/.exec(shape);
  if (!a || !b || a[3] !== b[1] || a[2] !== b[2] || a[4] !== b[4]) return null;
  return `<path d="M${a[1]} ${a[2]}H${b[3]}" ${a[4]}`;
}

function joinRects(before: string, shape: string): string | null {
  const pattern = /^<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)" (.*)$/;
  const a = pattern.exec(before);
  const b = pattern.exec(shape);
  if (!a || !b || a[2] !== b[2] || a[4] !== b[4] || a[5] !== b[5]) return null;
  const [left, right] = [Number(a[1]), Number(b[1])];
  if (Math.abs(left + Number(a[3]) - right) > 0.5) return null;
  return `<rect x="${a[1]}" y="${a[2]}" width="${round(right - left + Number(b[3]))}" height="${a[4]}" ${a[5]}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
