// Whether the two files have the form of a benchmark: five different questions, and for each an answer and a share.
import { readFileSync } from "node:fs";

const SIZE = 5;

const questions = list("benchmark/1-questions.json");
const key = list("benchmark/2-key.json");
const problems = [
  ...(questions.length === SIZE && key.length === SIZE
    ? []
    : [`there are not ${SIZE} questions and ${SIZE} in the key`]),
  ...(questions.every((one) => typeof one === "string" && one.length <= 400)
    ? []
    : ["a question is no text of up to 400"]),
  ...(new Set(questions).size === questions.length ? [] : ["a question is there twice"]),
  ...(key.every((one) => /^-?\d{1,20}$/.test(one?.answer)) ? [] : ["an answer in the key is not a number of digits"]),
  ...(key.every((one) => one?.share >= 0 && one.share <= 1) ? [] : ["a share in the key is not from 0 to 1"]),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function list(path) {
  const data = JSON.parse(readFileSync(path, "utf8"));
  return Array.isArray(data) ? data : [];
}
