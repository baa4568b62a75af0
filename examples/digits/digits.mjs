// The data and its three parts. The test part is sealed: training and its score never look at it (see final-test.mjs).
import { readFileSync } from "node:fs";

const PIXELS = 64;
const DATA = new URL("./data/digits.csv", import.meta.url);

/**
 * The images of one part, pixels scaled to 0…1. Every fifth image of each digit (in the file's order) is validation, every fifth
 * after it is the sealed test, so that all parts hold all digits in equal shares.
 * @param {"train" | "validation" | "test"} part
 * @returns {{ images: Float32Array[], labels: number[] }}
 */
export function loadPart(part) {
  const seen = new Array(10).fill(0);
  const images = [];
  const labels = [];
  for (const line of readFileSync(DATA, "utf8").trim().split("\n").slice(1)) {
    const numbers = line.split(",").map(Number);
    const label = numbers[PIXELS];
    if (partOf(seen[label]++) !== part) continue;
    images.push(Float32Array.from(numbers.slice(0, PIXELS), (pixel) => pixel / 16));
    labels.push(label);
  }
  return { images, labels };
}

function partOf(occurrence) {
  if (occurrence % 5 === 3) return "validation";
  return occurrence % 5 === 4 ? "test" : "train";
}
