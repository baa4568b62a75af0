// One trial: trains a network with the given settings and prints its accuracy on the validation part as the last line.
import { parseArgs } from "node:util";
import { loadPart } from "./digits.mjs";
import { Network } from "./network.mjs";

const { values } = parseArgs({
  options: {
    lr: { type: "string" },
    hidden: { type: "string" },
    l2: { type: "string" },
    epochs: { type: "string" },
    "batch-size": { type: "string" },
    seed: { type: "string", default: "0" },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (!Number.isFinite(value)) throw new Error(`--${name} takes a number, not ${values[name]}`);
  return value;
};

const train = loadPart("train");
const validation = loadPart("validation");
const network = new Network(number("hidden"), number("seed"));
const settings = { lr: number("lr"), l2: number("l2"), batchSize: number("batch-size") };

const epochs = number("epochs");
let loss = Number.NaN;
for (let step = 1; step <= epochs; step++) {
  loss = network.epoch(train, settings);
  if (step % 5 === 0) console.log(JSON.stringify({ step, loss, accuracy: network.accuracy(validation) }));
}
console.log(JSON.stringify({ accuracy: network.accuracy(validation), loss, epochs }));
