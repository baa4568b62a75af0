// A mock training script: no data, no network, only a plausible accuracy curve for an architecture, with seeded noise.
// Prints one line a step, then the result. The same settings and the same seed always give the same numbers.
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";

const STEPS = 8;
const ACTIVATIONS = { relu: 0, gelu: 0.012, tanh: -0.03 };

const { values } = parseArgs({
  options: {
    layers: { type: "string" },
    width: { type: "string" },
    activation: { type: "string" },
    dropout: { type: "string" },
    lr: { type: "string" },
    seed: { type: "string", default: "0" },
  },
});
const [layers, width, dropout, lr] = ["layers", "width", "dropout", "lr"].map((name) => {
  const value = Number(values[name]);
  if (!Number.isFinite(value)) throw new Error(`--${name} takes a number, not ${values[name]}`);
  return value;
});
const { activation } = values;
if (!Object.hasOwn(ACTIVATIONS, activation ?? "")) throw new Error(`--activation takes relu, gelu or tanh`);

const random = randomFrom(JSON.stringify(values));
const params = 784 * width + (layers - 1) * width * width + width * 10;

// The deeper the network, the lower the learning rate it stands; the larger, the more dropout it needs.
const bestLr = 0.02 / layers;
const bestDropout = Math.min(0.5, 0.08 * Math.max(0, Math.log10(params) - 4));
const ceiling =
  0.97 +
  ACTIVATIONS[activation] -
  0.06 * Math.abs(Math.log2(layers / 4)) ** 1.5 * 0.5 -
  0.03 * Math.max(0, Math.log2(256 / width)) ** 1.3 -
  0.004 * Math.max(0, Math.log2(width / 256)) -
  0.35 * (dropout - bestDropout) ** 2;
const speed = 1.1 * Math.exp(-0.5 * Math.log10(lr / bestLr) ** 2 * 3);

let accuracy = 0.1;
for (let step = 1; step <= STEPS; step++) {
  if (lr > 8 * bestLr && step > 2) {
    console.error(`loss is NaN at step ${step}: training diverged (learning rate ${lr}, ${layers} layers)`);
    process.exit(1);
  }
  accuracy = round(0.1 + (Math.max(0.1, ceiling) - 0.1) * (1 - Math.exp(-speed * step)) + (random() - 0.5) * 0.004);
  console.log(JSON.stringify({ step, accuracy, loss: round(2.3 * (1 - accuracy)) }));
}
console.log(JSON.stringify({ accuracy, params }));

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}

/** Numbers from 0 to 1 out of a text: the counter mode of a hash. */
function randomFrom(text) {
  let count = 0;
  return () => createHash("sha256").update(`${text}/${count++}`).digest().readUInt32LE(0) / 2 ** 32;
}
