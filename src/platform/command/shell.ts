import {
  type CommandTemplate,
  checkTotal,
  fillWord,
  isOptionWord,
  namesIn,
  type RenderedCommand,
  refuseOption,
  spreadIn,
  spreadWord,
} from "./argv.ts";
import { CommandError } from "./error.ts";
import { literalStart, literalText, type Placeholder, type Word } from "./placeholder.ts";
import { refuseBuiltinText, refuseProgramText } from "./program-text.ts";
import type { Edit, ShellWord } from "./shell-cursor.ts";
import { type ScannedScript, scanScript } from "./shell-scan.ts";
import { type Argument, argumentOf, type CommandValues, fullName, resolveValue } from "./value.ts";

/**
 * Compiles a script for `/bin/sh -c`. Each placeholder becomes a reference to a positional parameter in double quotes,
 * so a value is never program text, whatever it holds. Throws `CommandError`.
 */
export function compileShell(script: string): CommandTemplate {
  if (script.trim() === "") throw new CommandError("the command is empty");
  if (script.includes("\0")) throw new CommandError("the command holds a NUL character");
  const scanned = scanScript(script);
  for (const command of scanned.commands) {
    const words = command.map(({ word }) => word);
    refuseProgramText(words);
    refuseBuiltinText(words);
  }
  const words = scanned.edits.map(({ part }): Word => [part]);
  return { placeholders: namesIn(words), render: (values) => renderShell(script, scanned, values) };
}

function renderShell(script: string, scanned: ScannedScript, values: CommandValues): RenderedCommand {
  const dropped = droppedSpans(scanned, values);
  const positional: Argument[] = [];
  let text = "";
  let at = 0;
  for (const edit of [...scanned.edits, ...dropped].sort((a, b) => a.start - b.start)) {
    if (edit.start < at) continue;
    text += script.slice(at, edit.start);
    if ("part" in edit) text += replacement(edit, values, positional);
    at = edit.end;
  }
  text += script.slice(at);
  const args = ["-c", text, "sh"].map((literal) => ({ text: literal, parameters: [] }));
  checkTotal([...args, ...positional.map((value) => ({ text: value.text, parameters: [value.parameter] }))]);
  return { file: "/bin/sh", args: ["-c", text, "sh", ...positional.map((value) => value.text)] };
}

/** The words, and option words before them, whose optional value is absent. */
function droppedSpans(scanned: ScannedScript, values: CommandValues): readonly { start: number; end: number }[] {
  return scanned.edits.flatMap(({ part, owner }) => {
    if (part.kind === "text" || !part.optional || resolveValue(part, values) !== undefined) return [];
    const word = owner();
    const option = word.before;
    const takesOption = !literalStart(word.word).startsWith("-") && isOptionWord(option?.word);
    return [{ start: takesOption && option ? option.start : word.start, end: word.end }];
  });
}

function replacement(edit: Edit, values: CommandValues, positional: Argument[]): string {
  const { part } = edit;
  if (part.kind === "text") return part.text;
  const word = edit.owner();
  const added = argumentsOf(part, word, values);
  return added
    .map((argument) => {
      positional.push(argument);
      return `"\${${positional.length}}"`;
    })
    .join(" ");
}

function argumentsOf(part: Placeholder, word: ShellWord, values: CommandValues): readonly Argument[] {
  const noOption = operandsOnly(word);
  const spread = spreadIn(word.word);
  if (spread) {
    const many = spreadWord(spread, values) ?? [];
    const ownOptions = spread.aura && spread.name === "args";
    if (!noOption && !ownOptions) for (const one of many) refuseOption({ text: one.text, parts: [one] }, spread);
    return many;
  }
  const filled = fillWord(word.word, values);
  if (filled && !noOption && literalStart(word.word) === "") refuseOption(filled);
  const value = resolveValue(part, values);
  return value === undefined ? [] : [argumentOf(fullName(part), value)];
}

/** Behind `--`, and in the words of `for` and `case`, nothing is an option. */
function operandsOnly(word: ShellWord): boolean {
  for (let before = word.before; before; before = before.before) {
    const text = literalText(before.word);
    if (before.before ? text === "--" : text === "for" || text === "case") return true;
  }
  return false;
}
