import { readFileSync } from "node:fs";

console.log(`distance: ${Math.abs(100 - Number(readFileSync("solution.txt", "utf8")))}`);
