// Stands in for an agent: gets the prompt on standard input, works in the current folder, prints what it did.
import { readFileSync, writeFileSync } from "node:fs";

const [, task] = /proposal (\d+) of/.exec(readFileSync(0, "utf8")) ?? [];
const number = Number(readFileSync("solution.txt", "utf8")) + 5 * Number(task ?? 1);
writeFileSync("solution.txt", `${number}\n`);
console.log(`The number is ${number} now.`);
