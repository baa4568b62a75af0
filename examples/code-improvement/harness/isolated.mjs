// Starts the process in which code is run, and believes nothing it prints but the line that carries the job's nonce.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";

const HARNESS = fileURLToPath(new URL(".", import.meta.url));
const TIMEOUT_MS = 45_000;

/** Does a job (see measure.mjs) and gives its value. Throws an `Error` that says why there is none. */
export function isolated(job) {
  const nonce = randomBytes(24).toString("hex");
  const { status, signal, stdout, error } = spawnSync(process.execPath, [...flags(), `${HARNESS}measure.mjs`], {
    input: JSON.stringify({ ...job, nonce }),
    env: {},
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: 4 * 1024 * 1024,
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (error?.code === "ETIMEDOUT") throw new Error(`it was not done after ${TIMEOUT_MS / 1000} s`);
  if (error) throw new Error(`it could not be run: ${error.message}`);
  if (status !== 0) throw new Error(`its process ended with ${signal ?? `exit code ${status}`}`);
  const mark = `${nonce} `;
  const end = stdout.indexOf("\n");
  if (!stdout.startsWith(mark) || end !== stdout.length - 1) throw new Error("something else than the harness printed");
  const answer = JSON.parse(stdout.slice(mark.length, end));
  if (!answer.ok) throw new Error(answer.message);
  return answer.value;
}

/** Nothing can be compiled from text, written or started there, whatever code gets out of its realm. */
function flags() {
  const known = process.allowedNodeEnvironmentFlags;
  const permission = known.has("--permission") ? "--permission" : "--experimental-permission";
  return [
    permission,
    `--allow-fs-read=${HARNESS}*`,
    "--disallow-code-generation-from-strings",
    "--max-old-space-size=512",
    "--no-warnings",
  ];
}
