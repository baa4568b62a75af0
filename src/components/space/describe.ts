import { shown } from "../../text/printable.ts";
import type { Condition, Parameter } from "./parameter.ts";

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
    const choices = parameter.choices
      .slice(0, MAX_CHOICES_SHOWN)
      .map((value) => shown(value))
      .join(", ");
    const more = parameter.choices.length - MAX_CHOICES_SHOWN;
    return `one of ${choices}${more > 0 ? ` and ${more} more` : ""}`;
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
