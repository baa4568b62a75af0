// A network with one hidden layer (64 pixels, ReLU, softmax over 10 digits), trained by mini-batch gradient descent.

const INPUTS = 64;
const CLASSES = 10;

/** A small seeded generator (mulberry32), so that the same seed trains the same network. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Network {
  constructor(hidden, seed) {
    this.hidden = hidden;
    this.random = randomFrom(seed);
    this.w1 = this.#initial(INPUTS * hidden, INPUTS);
    this.b1 = new Float64Array(hidden);
    this.w2 = this.#initial(hidden * CLASSES, hidden);
    this.b2 = new Float64Array(CLASSES);
    this.activation = new Float64Array(hidden);
    this.output = new Float64Array(CLASSES);
  }

  /** One pass over the data in random order. `l2` is the weight of the squared weights in the loss. Returns the mean loss. */
  epoch({ images, labels }, { lr, l2, batchSize }) {
    const order = this.#shuffled(images.length);
    const gradient = {
      w1: new Float64Array(this.w1.length),
      b1: new Float64Array(this.b1.length),
      w2: new Float64Array(this.w2.length),
      b2: new Float64Array(this.b2.length),
    };
    let loss = 0;
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = order.slice(from, from + batchSize);
      for (const values of Object.values(gradient)) values.fill(0);
      for (const index of batch) loss += this.#backward(images[index], labels[index], gradient);
      for (const name of Object.keys(gradient)) this.#step(name, gradient[name], lr / batch.length, lr * l2);
    }
    return loss / order.length;
  }

  /** Share of images whose digit is predicted right. */
  accuracy({ images, labels }) {
    let right = 0;
    images.forEach((image, index) => {
      const output = this.#forward(image);
      let best = 0;
      for (let k = 1; k < CLASSES; k++) if (output[k] > output[best]) best = k;
      if (best === labels[index]) right++;
    });
    return right / images.length;
  }

  #forward(image) {
    const { hidden, w1, b1, w2, b2, activation, output } = this;
    activation.set(b1);
    for (let i = 0; i < INPUTS; i++) {
      const pixel = image[i];
      if (pixel === 0) continue;
      const row = i * hidden;
      for (let j = 0; j < hidden; j++) activation[j] += pixel * w1[row + j];
    }
    output.set(b2);
    for (let j = 0; j < hidden; j++) {
      if (activation[j] <= 0) {
        activation[j] = 0;
        continue;
      }
      const row = j * CLASSES;
      for (let k = 0; k < CLASSES; k++) output[k] += activation[j] * w2[row + k];
    }
    return output;
  }

  #backward(image, label, gradient) {
    const { hidden, w2, activation } = this;
    const error = this.#softmax(this.#forward(image));
    const loss = -Math.log(Math.max(error[label], 1e-12));
    error[label] -= 1;
    for (let k = 0; k < CLASSES; k++) gradient.b2[k] += error[k];
    for (let j = 0; j < hidden; j++) {
      if (activation[j] === 0) continue;
      const row = j * CLASSES;
      let back = 0;
      for (let k = 0; k < CLASSES; k++) {
        gradient.w2[row + k] += activation[j] * error[k];
        back += w2[row + k] * error[k];
      }
      gradient.b1[j] += back;
      for (let i = 0; i < INPUTS; i++) gradient.w1[i * hidden + j] += image[i] * back;
    }
    return loss;
  }

  #softmax(output) {
    const largest = Math.max(...output);
    let sum = 0;
    for (let k = 0; k < CLASSES; k++) sum += output[k] = Math.exp(output[k] - largest);
    for (let k = 0; k < CLASSES; k++) output[k] /= sum;
    return output;
  }

  #step(name, gradient, rate, decay) {
    const weights = this[name];
    const shrink = name.startsWith("w") ? 1 - decay : 1;
    for (let i = 0; i < weights.length; i++) weights[i] = weights[i] * shrink - rate * gradient[i];
  }

  #initial(count, fanIn) {
    const scale = Math.sqrt(6 / fanIn);
    return Float64Array.from({ length: count }, () => (this.random() * 2 - 1) * scale);
  }

  #shuffled(count) {
    const order = Array.from({ length: count }, (_, index) => index);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
