// Stands in for the command's own program, in every process that takes part in one `aura apply`. Into those that
// `AURA_KILL_PARTS` names it loads `kill-at.cjs`, with what that is told: `apply=17:before,supervisor=2:after`. The
// parts are `supervisor`, and the workers `apply` and `finish`; `apply=list` writes down what the first worker crosses.
"use strict";
const parts = new Map((process.env.AURA_KILL_PARTS ?? "").split(",").map((part) => part.split("=")));
const mine = parts.get(process.env.AURA_APPLY_WORKER ?? "supervisor");
if (mine !== undefined) {
  const told = mine === "list" ? { AURA_KILL_LIST: process.env.AURA_KILL_FILE } : { AURA_KILL_AT: mine };
  Object.assign(process.env, told);
  require("./kill-at.cjs");
  for (const name of Object.keys(told)) delete process.env[name];
}
require(process.env.AURA_KILL_PROGRAM);
