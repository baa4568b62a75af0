import type { Effects } from "../kernel/effects.ts";

/**
 * Effects whose processes all carry the run's mark, whoever starts them: it is what the next resume finds those by that
 * outlive a killed AURA. Their logs hold none of the secrets; what AURA itself reads of the output is as it came.
 */
export function withMark(effects: Effects, mark: string, secrets: readonly string[]): Effects {
  const { processes } = effects;
  const marked = (marker: string): string => (marker.startsWith(mark) ? marker : `${mark}${marker}`);
  return {
    ...effects,
    processes: {
      self: processes.self,
      run: (request, signal) =>
        processes.run({ ...request, secrets, marker: marked(request.marker ?? `process/${effects.token(8)}`) }, signal),
      killAll: () => processes.killAll(),
      isAlive: (identity) => processes.isAlive(identity),
      endLeftovers: (identities, prefix) => processes.endLeftovers(identities, prefix),
    },
  };
}
