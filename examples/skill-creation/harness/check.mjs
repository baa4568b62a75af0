// Whether a file has the form of a skill: front matter with a name and a description, and a body that is no book.
import { readFileSync } from "node:fs";

const MOST = { description: 400, body: 4000 };

const text = readFileSync(process.argv[2], "utf8");
const [, matter, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
const field = (name) => new RegExp(`^${name}: *(.+)$`, "m").exec(matter ?? "")?.[1] ?? "";
const problems = [
  ...(matter === undefined ? ["there is no front matter between two lines of ---"] : []),
  ...(/^[a-z0-9-]{1,64}$/.test(field("name")) ? [] : ["name is not 1 to 64 of a-z, 0-9 and -"]),
  ...(field("description") === "" ? ["there is no description on one line"] : []),
  ...(field("description").length > MOST.description ? [`description is longer than ${MOST.description}`] : []),
  ...((body ?? "").trim() === "" ? ["there is nothing below the front matter"] : []),
  ...((body ?? "").length > MOST.body ? [`the body is longer than ${MOST.body} characters`] : []),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
