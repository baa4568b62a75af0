// The process in which code is run. Reads one job from stdin, and prints one line that begins with the job's nonce.
// From the moment code under test is loaded nothing here waits: what that code may have scheduled never gets its turn.
import { readFileSync, writeSync } from "node:fs";
import { freshInput } from "./inputs.mjs";
import { freezeRealm, seal } from "./sealed.mjs";

const WARM_UP = 10;
const MOST_LOADING_MS = 500;

const job = JSON.parse(readFileSync(0, "utf8"));
const { nonce } = job;
const cpuUsage = process.cpuUsage.bind(process);
const exit = process.exit.bind(process);
freezeRealm();

let answer;
try {
  answer = { ok: true, value: job.kind === "bench" ? bench(job) : call(job) };
} catch (error) {
  answer = { ok: false, message: error.message };
}
writeSync(1, `${nonce} ${JSON.stringify(answer)}\n`);
exit(0);

/** The outputs for a list of arguments, one after the other. */
function call({ source, name, filename, inputs }) {
  const run = seal(source, name, filename);
  return inputs.map((input) => JSON.parse(run(JSON.stringify(input))));
}

/**
 * How many times faster the candidate is than the reference. Both run here by turns, each pair on an input of its own,
 * and each output of the candidate has to be the reference's. The reference is timed before the candidate is loaded,
 * too: what the candidate does to it later, such as filling the memory, does not count.
 */
function bench({ reference, source, name, filename, rounds }) {
  const baseline = seal(reference, name, "reference");
  warmUp(() => timed(baseline, nextInput()));
  const alone = repeat(rounds, () => timed(baseline, nextInput()).ms);

  const from = cpuMs();
  const candidate = seal(source, name, filename);
  const loadingMs = Math.round(cpuMs() - from);
  if (loadingMs > MOST_LOADING_MS) throw new Error(`loading it took ${loadingMs} ms: work is not to be done ahead`);

  warmUp((round) => compared(baseline, candidate, round));
  const pairs = repeat(rounds, (round) => compared(baseline, candidate, round));
  const candidateMs = median(pairs.map((pair) => pair.candidate));
  const byTurns = median(pairs.map((pair) => pair.reference / pair.candidate));
  return {
    speedup: significant(Math.min(byTurns, median(alone) / candidateMs)),
    reference_ms: significant(median(pairs.map((pair) => pair.reference))),
    reference_alone_ms: significant(median(alone)),
    candidate_ms: significant(candidateMs),
    rounds,
  };
}

/** Times of one pair on a fresh input, the one that goes first changing from round to round. */
function compared(baseline, candidate, round) {
  const input = nextInput();
  const first = round % 2 === 0 ? timed(baseline, input) : timed(candidate, input);
  const second = round % 2 === 0 ? timed(candidate, input) : timed(baseline, input);
  if (first.output !== second.output) throw new Error("its output is not the reference's");
  return round % 2 === 0
    ? { reference: first.ms, candidate: second.ms }
    : { reference: second.ms, candidate: first.ms };
}

/** One call: reading the input and writing the output are in the time, so that no work can be put off to either. */
function timed(run, input) {
  const from = cpuMs();
  const output = run(input);
  return { output, ms: cpuMs() - from };
}

/** Processor time of this process: unlike the time of day it does not depend on what else the machine does. */
function cpuMs() {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

function nextInput() {
  return JSON.stringify(freshInput());
}

function warmUp(action) {
  repeat(WARM_UP, action);
}

function repeat(times, action) {
  const results = [];
  for (let i = 0; i < times; i++) results.push(action(i));
  return results;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function significant(value) {
  return Number(value.toPrecision(4));
}
