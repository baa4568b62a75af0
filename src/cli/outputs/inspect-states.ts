import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { HYPOTHESIS_ID, NUMBER, SNAPSHOT_ID, TEXT } from "./fields.ts";

export const artifactsOutput = described(
  "What `aura inspect <workspace> artifacts --json` prints: the states of the tracked artifacts.",
  exactly({
    start: described("Id of the state at the start: snapshots/<id>.json.", SNAPSHOT_ID),
    carried: described("Id of the state that the next iteration starts from; `null` before the first.", {
      anyOf: [SNAPSHOT_ID, { type: "null" }],
    }),
    states: listOf(
      exactly({
        hypothesisId: HYPOTHESIS_ID,
        snapshot: SNAPSHOT_ID,
        score: described("In the metric's own units; `null` when there is none.", nullable(NUMBER)),
      }),
    ),
    files: described("Files of the start, relative to the project.", listOf(TEXT)),
    unfinished: described(
      "Folders that an `aura apply` was cut short in: the next one goes on with it.",
      listOf(exactly({ target: described("Absolute path of the folder.", TEXT), snapshot: SNAPSHOT_ID })),
    ),
  }),
);

const STATE = described("The state as it was named: best, start, an iteration or a hypothesis.", TEXT);

export const diffOutput = described(
  "What `aura inspect <workspace> diff A B --json` prints: what is different between two states.",
  exactly({ from: STATE, to: STATE, diff: described("A unified diff; empty when nothing differs.", TEXT) }),
);
