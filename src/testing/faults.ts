import type { Effects } from "../kernel/effects.ts";
import type { LlmCall } from "../kernel/ports.ts";
import { faultyFiles } from "./faults/files.ts";
import { faultyProcesses } from "./faults/processes.ts";
import { type Crossing, type FaultPlan, FaultSwitch } from "./faults/switch.ts";

export { type FaultPlan, parseFaultPlan, SimulatedCrash } from "./faults/switch.ts";

/** Effects with a fault in them, and what crossed them. */
export interface FaultyEffects {
  readonly effects: Effects;
  /** Every crossing so far, in order; the n-th has `n` n, from 1. */
  readonly crossings: readonly Crossing[];
  /** Whether a simulated crash has happened: from then on nothing crosses any more. */
  readonly crashed: boolean;
  /** The same for calls that are not among the effects. */
  wrapCall(name: string, call: LlmCall): LlmCall;
}

/**
 * Effects that behave until the planned crossing. A crossing is one use of a port that changes something outside or
 * waits for it: every write of `Files`, the start, the recorded start and the end of a process, a call. Reads are
 * none: between two writes nothing can be lost, so a crash at a read is a crash at the next write.
 *
 * The wrapped effects must not be shared: a simulated crash ends all their processes. `processes.self` names another
 * process each time, one that is dead as soon as it has crashed, so that what it locked can be taken over.
 */
export function faultyEffects(effects: Effects, plan: FaultPlan | null = null): FaultyEffects {
  const at = new FaultSwitch(plan, () => effects.processes.killAll());
  return {
    effects: {
      ...effects,
      clock: { ...methodsOf(effects.clock), sleep: (ms, signal) => at.race(effects.clock.sleep(ms, signal)) },
      files: faultyFiles(effects.files, at),
      processes: faultyProcesses(effects.processes, at, effects.token(8)),
    },
    crossings: at.crossings,
    get crashed() {
      return at.crashed;
    },
    wrapCall: (name, call) => (prompt, options) =>
      at.around({ port: "calls", method: "send", target: name }, options.signal, () => call(prompt, options)),
  };
}

function methodsOf(clock: Effects["clock"]): Effects["clock"] {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    turn: () => clock.turn(),
    deadline: (ms) => clock.deadline(ms),
  };
}
