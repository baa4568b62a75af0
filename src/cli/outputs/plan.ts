import { KINDS } from "../../kernel/define.ts";
import { parametersSchema } from "../../model/hypothesis.ts";
import { described, exactly, listOf, nullable } from "../../schema/exactly.ts";
import { TOKENS, US_DOLLARS } from "../../schema/quantities.ts";
import { TEXT, WHOLE } from "./fields.ts";
import { settingsSchema } from "./settings.ts";

const PLACE = described("Where in the spec, as in `--set`.", TEXT);

const cost = described(
  "What model calls will cost, as far as it can be told: a lower bound, as prompts grow while a run goes on.",
  exactly({
    callsPerIteration: described("Model calls of an iteration when none is asked again.", WHOLE),
    promptTokens: described("Tokens of the first prompt, at four characters a token.", nullable(TOKENS)),
    firstCallUsd: described(
      "US dollars for the researcher's first call with the longest reply; `null` without a price.",
      nullable(US_DOLLARS),
    ),
  }),
);

const plannedCommand = exactly(
  {
    path: PLACE,
    template: described("As written in the spec.", { anyOf: [TEXT, listOf(TEXT)] }),
    argv: described("Program and arguments for the sample; `null` where they are not known.", nullable(listOf(TEXT))),
  },
  { problem: described("Why the command cannot be shown.", TEXT) },
);

/** What a run would do. */
export const planSchema = exactly({
  settings: settingsSchema,
  workspace: described("Absolute path of the folder for results.", TEXT),
  components: listOf(exactly({ path: PLACE, kind: { enum: KINDS }, type: TEXT, summary: TEXT })),
  hypothesesPerIteration: WHOLE,
  hypotheses: described("Of the whole run; `null` where no limit says.", nullable(WHOLE)),
  trialsPerHypothesis: described("Repeats of the experiment, and checks.", WHOLE),
  prompt: described(
    "The researcher's first prompt; `null` when it asks no model, or cannot tell before the run.",
    nullable(TEXT),
  ),
  cost,
  sample: described(
    "Parameters that the commands are shown with; `null` where they are not known.",
    nullable(parametersSchema),
  ),
  commands: listOf(plannedCommand),
});
