import { applyStepSchema } from "../../model/apply.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { BYTES } from "../../schema/quantities.ts";
import { FLAG, HYPOTHESIS_ID, ITERATION, SNAPSHOT_ID, TEXT } from "./fields.ts";

const DRY_RUN = described("Whether this only says what would be done.", FLAG);
const PATH = described("Relative to the folder.", TEXT);
const carried = exactly({ snapshot: SNAPSHOT_ID, hypothesisId: HYPOTHESIS_ID });

export const rollbackOutput = described(
  "What `aura rollback <workspace> --to <state> --json` prints.",
  exactly({
    dryRun: DRY_RUN,
    to: described("The state as it was named: best, start, an iteration or a hypothesis.", TEXT),
    target: described("What is carried on from now on.", carried),
    previous: described("What was carried on before; `null` when nothing was.", nullable(carried)),
    afterIteration: described("The last iteration that had begun.", ITERATION),
    changed: described("Paths that differ between the two, sorted, relative to the project.", listOf(TEXT)),
    isCurrent: described("The target was carried on already: there was nothing to do.", FLAG),
  }),
);

const toFolder = exactly({
  dryRun: DRY_RUN,
  target: described("Absolute path of the folder.", TEXT),
  snapshot: SNAPSHOT_ID,
  steps: described(
    "In the order they are done; empty when the folder is in this state already.",
    listOf(applyStepSchema),
  ),
  conflicts: described(
    "What is in the way. Without `--dry-run` there is any only where `--force` went over it.",
    listOf(
      exactly({
        path: PATH,
        reason: TEXT,
        forceable: described("`--force` goes over it; otherwise it has to be moved away by hand.", FLAG),
      }),
    ),
  ),
  kept: described(
    "What was changed since the start, not by the run: it stays as it is.",
    listOf(exactly({ path: PATH, reason: TEXT })),
  ),
});

const asPatch = exactly({
  dryRun: DRY_RUN,
  snapshot: SNAPSHOT_ID,
  patch: exactly({
    file: described("Absolute path of the patch; `null` with `--patch -`, when it is in `text`.", nullable(TEXT)),
    bytes: described("Size of the patch in bytes; 0 when nothing differs from the start.", BYTES),
    text: described("The patch itself with `--patch -`, as `git apply` takes it; else `null`.", nullable(TEXT)),
  }),
});

export const applyOutput = {
  description:
    "What `aura apply <workspace> [state] --json` prints: what was done to a folder, or with `--patch` where the patch is.",
  anyOf: [toFolder, asPatch],
} as const;

export const repairOutput = described(
  "What `aura repair <workspace> --json` prints: what is damaged, and what mending it does.",
  exactly({
    applied: described("Whether `--apply` was given.", FLAG),
    movedTo: described("Absolute path of the folder with what was set aside; `null` when nothing was.", nullable(TEXT)),
    steps: described(
      "Empty when nothing is damaged.",
      listOf(
        exactly({
          action: described(
            "`set-aside`: a damaged record is moved under repairs/. `restore`: a file of a state is made again. `remove`: a leftover is deleted. `by-resume`: the next resume mends it. `by-hand`: only you can.",
            { enum: ["set-aside", "restore", "remove", "by-resume", "by-hand"] },
          ),
          file: described("Relative to the workspace.", TEXT),
          reason: TEXT,
          consequence: described("What happens next.", TEXT),
        }),
      ),
    ),
  }),
);
