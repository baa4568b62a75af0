import { SpecError } from "../../kernel/errors.ts";
import type { RunnerRequest } from "../../kernel/ports.ts";
import { ROLES, type Role, type Usage } from "../../model/call.ts";
import { parseHypothesisId } from "../../model/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../model/json.ts";
import { sha256Of } from "../../platform/files/hash.ts";
import { sanitizeJson } from "../extract-json.ts";
import { readUsage } from "./reply.ts";

/** One recorded call: a line of a recording, as JSON. Lines written by hand may leave out `prompt` and `promptHash`. */
export interface RecordedCall {
  readonly role: Role;
  readonly iteration: number;
  /** Id of the hypothesis the call was about, where it was about one. */
  readonly hypothesis?: string;
  readonly part?: string;
  readonly ask: number;
  readonly promptHash?: string;
  readonly prompt?: string;
  readonly response: string;
  readonly structured?: JsonValue;
  /** Why the recorded runner could make nothing of the response. */
  readonly unusable?: string;
  readonly usage?: Usage;
  readonly model?: string;
}

/** Which question a call answers: what replaying goes by. Prompts and the order of calls do not matter. */
export type CallKey = Pick<RecordedCall, "role" | "iteration" | "hypothesis" | "part" | "ask">;

/** SHA-256 of a prompt, hex. */
export function promptHash(prompt: string): string {
  return sha256Of(prompt);
}

/** The question as one line, for people and for lookups: `researcher iteration 2 ask 1`. */
export function keyText(key: CallKey): string {
  const id = key.hypothesis === undefined ? null : parseHypothesisId(key.hypothesis);
  const about = id
    ? ` hypothesis i${id.iteration}-h${id.index}`
    : key.hypothesis === undefined
      ? ""
      : ` ${key.hypothesis}`;
  const part = key.part === undefined ? "" : ` part ${key.part}`;
  return `${key.role} iteration ${key.iteration}${about}${part} ask ${key.ask}`;
}

export function keyOf(request: RunnerRequest): CallKey {
  return {
    role: request.role,
    iteration: request.iteration,
    ...(request.hypothesisId === undefined ? {} : { hypothesis: request.hypothesisId }),
    ...(request.part === undefined ? {} : { part: request.part }),
    ask: request.ask,
  };
}

/** The calls of a recording by `keyText`; of several for one question the last counts. Throws `SpecError` on a bad line. */
export function readRecording(text: string, file: string): ReadonlyMap<string, RecordedCall> {
  const calls = new Map<string, RecordedCall>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const call = readLine(line);
    if (typeof call === "string") throw new SpecError(`${file}:${index + 1}: ${call}`);
    calls.set(keyText(call), call);
  }
  return calls;
}

function readLine(line: string): RecordedCall | string {
  const data = sanitizeJson(parseJson(line));
  if (!isJsonObject(data)) return "not a line that holds a JSON object";
  const { role, iteration, response, structured } = data;
  const ask = data.ask ?? 1;
  const known = ROLES.find((candidate) => candidate === role);
  if (!known) return `"role" is not one of ${ROLES.join(", ")}`;
  if (!isCount(iteration, 0)) return '"iteration" is not a whole number';
  if (!isCount(ask, 1)) return '"ask" is not a whole number from 1';
  const answer =
    typeof response === "string" ? response : response === undefined ? undefined : JSON.stringify(response);
  if (answer === undefined) return 'there is no "response"';
  const usage = readUsage(data.usage);
  return {
    role: known,
    iteration,
    ...texts(data, ["hypothesis", "part", "promptHash", "prompt", "unusable", "model"]),
    ask,
    response: answer,
    ...(structured === undefined ? {} : { structured }),
    ...(usage === undefined ? {} : { usage }),
  };
}

function texts<const K extends string>(data: JsonObject, names: readonly K[]): { readonly [N in K]?: string } {
  const found: { [N in K]?: string } = {};
  for (const name of names) {
    const value = data[name];
    if (typeof value === "string") found[name] = value;
  }
  return found;
}

function isCount(value: JsonValue | undefined, from: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= from;
}
