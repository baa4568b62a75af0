import type { ProcessIdentity, ProcessRunner } from "../../kernel/effects.ts";
import type { FaultSwitch } from "./switch.ts";

const SIMULATED = "simulated-";

/**
 * A `ProcessRunner` in which the start of a process, the recording of its start (`started`) and the clean-up of
 * leftovers are crossings. Its own identity is one of a process that dies with the simulated crash.
 */
export function faultyProcesses(inner: ProcessRunner, at: FaultSwitch, token: string): ProcessRunner {
  const self = { ...inner.self, startedAt: `${SIMULATED}${token}` };
  const isAlive = (identity: ProcessIdentity): boolean => {
    if (identity.startedAt?.startsWith(SIMULATED)) return identity.startedAt === self.startedAt;
    return inner.isAlive(identity);
  };
  return {
    self,
    run: (request, signal) => {
      const { onStart, onLine } = request;
      return at.around({ port: "processes", method: "run", target: request.file }, signal, () =>
        inner.run(
          {
            ...request,
            onStart: (identity) =>
              at.cross({ port: "processes", method: "started", target: request.file }, () => onStart?.(identity)),
            ...(onLine === undefined
              ? {}
              : {
                  onLine: (stream, line) => {
                    if (!at.crashed) onLine(stream, line);
                  },
                }),
          },
          signal,
        ),
      );
    },
    // After a crash there is nothing left to kill, and nobody to do it.
    killAll: () => {
      if (!at.crashed) inner.killAll();
    },
    isAlive: (identity) => at.alive(() => isAlive(identity)),
    endLeftovers: (identities, prefix) =>
      at.around({ port: "processes", method: "endLeftovers", target: prefix }, new AbortController().signal, () =>
        inner.endLeftovers(identities, prefix),
      ),
  };
}
