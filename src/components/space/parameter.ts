import { canonicalJson, type JsonObject, type JsonValue } from "../../model/json.ts";
import { listed, shown } from "../../text/printable.ts";

/** One clause of a parameter's `when`: the parent must hold one of these values. */
export interface Condition {
  readonly parent: string;
  readonly values: readonly JsonValue[];
  /** `canonicalJson` of the values. */
  readonly keys: ReadonlySet<string>;
}

interface ParameterCommon {
  readonly name: string;
  readonly conditions: readonly Condition[];
}

/** A float or an int, with its bounds included. */
export interface NumericParameter extends ParameterCommon {
  readonly kind: "float" | "int";
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Distance between neighbouring values; `null` for a continuous float. */
  readonly step: number | null;
  /** How many values there are; `Infinity` for a continuous float. */
  readonly size: number;
}

/** One of a list of JSON values. */
export interface CategoricalParameter extends ParameterCommon {
  readonly kind: "categorical";
  readonly choices: readonly JsonValue[];
  /** Place of each choice, by its `canonicalJson`. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly size: number;
}

export type Parameter = NumericParameter | CategoricalParameter;

/** How far, in steps, a value may be from the step it stands for. */
export const STEP_TOLERANCE = 1e-6;

/** Whether a parameter exists, given the values of those it depends on; a parent that is absent makes it absent too. */
export function isActive(parameter: Parameter, values: JsonObject): boolean {
  return parameter.conditions.every((condition) => {
    if (!Object.hasOwn(values, condition.parent)) return false;
    const value = values[condition.parent];
    return value !== undefined && condition.keys.has(canonicalJson(value));
  });
}

/** A configuration with one value for each active parameter, chosen in dependency order. */
export function assemble(parameters: readonly Parameter[], choose: (parameter: Parameter) => JsonValue): JsonObject {
  const spec: Record<string, JsonValue> = {};
  for (const parameter of parameters) {
    if (isActive(parameter, spec)) spec[parameter.name] = choose(parameter);
  }
  return spec;
}

/** The k-th value of a stepped parameter, counted from `low`, without the dust of binary fractions. */
export function steppedValue(parameter: NumericParameter, step: number, index: number): number {
  const value = parameter.low + index * step;
  const clean = Number(value.toPrecision(12));
  // Half of what is let pass when it is looked at: there, too, something is rounded.
  const isSame = Math.abs(clean - value) < (step * STEP_TOLERANCE) / 2;
  return Math.min(parameter.high, Math.max(parameter.low, isSame ? clean : value)) + 0;
}

const MAX_CHOICES_SHOWN = 50;

/** One line a parameter: `lr: float from 0.00001 to 0.1, log scale, only when opt is "sgd"`. */
export function describeSpace(parameters: readonly Parameter[]): string {
  return parameters.map((parameter) => `${parameter.name}: ${describeParameter(parameter)}`).join("\n");
}

function describeParameter(parameter: Parameter): string {
  const parts = [describeDomain(parameter)];
  if (parameter.kind !== "categorical" && parameter.log) parts.push("log scale");
  if (parameter.conditions.length > 0) parts.push(`only when ${describeConditions(parameter.conditions)}`);
  return parts.join(", ");
}

/** What a parameter's value may be: `int from 1 to 8 in steps of 2`. */
export function describeDomain(parameter: Parameter): string {
  if (parameter.kind === "categorical") {
    const choices = parameter.choices.map((value) => shown(value));
    return `one of ${listed(choices, MAX_CHOICES_SHOWN)}`;
  }
  const { kind, low, high, step } = parameter;
  const steps = step === null || (kind === "int" && step === 1) ? "" : ` in steps of ${step}`;
  return `${kind} from ${low} to ${high}${steps}`;
}

/** When a parameter exists: `opt is "sgd" or "rmsprop" and n is 2`. */
export function describeConditions(conditions: readonly Condition[]): string {
  return conditions
    .map(({ parent, values }) => `${parent} is ${values.map((value) => shown(value)).join(" or ")}`)
    .join(" and ");
}
