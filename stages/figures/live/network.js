// A perceptron with a softmax output, trained by plain stochastic gradient descent on mini-batches of 10 images.

const UNITS = 32, CLASSES = 9, BATCH = 10;
const MOST_EXAMPLES = 100; // in one pass

const ACTIVATIONS = { // z = f(s), and the slope f'(s) from z
  sigmoid: [(s) => 1 / (1 + Math.exp(-s)), (z) => z * (1 - z)],
  tanh: [Math.tanh, (z) => 1 - z * z],
  softsign: [(s) => s / (1 + Math.abs(s)), (z) => (1 - Math.abs(z)) ** 2],
  relu: [(s) => Math.max(s, 0), (z) => (z > 0 ? 1 : 0)],
};

// The bound of uniform weights between layers of so many units; a number is a gain g, for n·Var[W] = g².
const bound = (initialization, below, units) => ({
  standard: 1 / Math.sqrt(below),
  torch_linear: 1 / Math.sqrt(below),
  normalized: Math.sqrt(6 / (below + units)),
  he: Math.sqrt(6 / below),
}[initialization] ?? initialization * Math.sqrt(3 / below));

const sizesOf = (layers) => [PIXELS, ...Array(layers).fill(UNITS), CLASSES];

// Weights are float32 (units below, units) by row. The first layer's are `weights[0]` plus `shift`, one number for each
// unit, and `total` has the sums of the columns of `weights[0]`: so an image costs only the pixels of its shapes.
const network = (activation, weights, biases) => {
  const shift = new Float64Array(UNITS), total = new Float64Array(UNITS);
  weights[0].forEach((weight, at) => { total[at % UNITS] += weight; });
  const sizes = sizesOf(weights.length - 1).slice(1);
  const [activations, gradients] = [0, 1].map(() => sizes.map((units) => new Float32Array(MOST_EXAMPLES * units)));
  return { activation, weights, biases, shift, total, sizes, activations, gradients };
};

// The same seed draws the same random numbers for every activation and initialization.
const initialized = ({ activation, initialization }, layers, seed) => {
  const drawn = (size, layer, part, limit) => Float32Array.from({ length: size }, (_, at) => {
    if (at % 4 === 0) philox(seed, STREAMS.weights, at / 4, layer, part);
    return limit * (2 * unit(words[at % 4]) - 1);
  });
  const sizes = sizesOf(layers), pairs = sizes.slice(1).map((units, layer) => [sizes[layer], units]);
  const weights = pairs.map(([below, units], layer) => (
    drawn(below * units, layer, 0, bound(initialization, below, units))
  ));
  const biases = pairs.map(([below, units], layer) => (
    drawn(units, layer, 1, initialization === "torch_linear" ? 1 / Math.sqrt(below) : 0)
  ));
  return network(activation, weights, biases);
};

// Images as inputs from −1 to 1: the background, that of the first pixel, and for other pixels their place and their
// difference from it. `images` holds 1024 bytes for each.
const inputsOf = (images) => {
  const count = images.length / PIXELS, scale = 2 / 255;
  const starts = new Uint32Array(count + 1), places = new Uint16Array(images.length);
  const differences = new Float32Array(images.length);
  const backgrounds = new Float64Array(count), sums = new Float64Array(count);
  for (let image = 0, next = 0; image < count; image += 1) {
    const background = images[image * PIXELS];
    backgrounds[image] = background * scale - 1;
    for (let place = 0; place < PIXELS; place += 1) {
      const difference = images[image * PIXELS + place] - background;
      if (difference === 0) continue;
      places[next] = place;
      differences[next] = difference * scale;
      sums[image] += difference * scale;
      next += 1;
    }
    starts[image + 1] = next;
  }
  return { count, backgrounds, sums, starts, places, differences };
};
// Of activations, each of which has one number for every unit.
const OF_UNITS = Uint16Array.from({ length: MOST_EXAMPLES * UNITS }, (_, at) => at % UNITS);

// out[at + u] += Σ values[k]·weights[places[k], u] for k from `start` to `end`; four sums at a time, since each waits
// for its last addition.
const addProducts = (out, at, units, weights, places, values, start, end) => {
  let u = 0;
  for (; u + 4 <= units; u += 4) {
    let one = 0, two = 0, three = 0, four = 0;
    for (let k = start; k < end; k += 1) {
      const value = values[k], place = places[k] * units + u;
      one += value * weights[place];
      two += value * weights[place + 1];
      three += value * weights[place + 2];
      four += value * weights[place + 3];
    }
    out[at + u] += one;
    out[at + u + 1] += two;
    out[at + u + 2] += three;
    out[at + u + 3] += four;
  }
  for (; u < units; u += 1) {
    let one = 0;
    for (let k = start; k < end; k += 1) one += values[k] * weights[places[k] * units + u];
    out[at + u] += one;
  }
};

// weights[places[k], u] −= rate·values[k]·gradient[at + u] for k from `start` to `end`
const subtractProducts = (gradient, at, units, weights, places, values, start, end, rate) => {
  let u = 0;
  for (; u + 4 <= units; u += 4) {
    const one = rate * gradient[at + u], two = rate * gradient[at + u + 1];
    const three = rate * gradient[at + u + 2], four = rate * gradient[at + u + 3];
    for (let k = start; k < end; k += 1) {
      const value = values[k], place = places[k] * units + u;
      weights[place] -= value * one;
      weights[place + 1] -= value * two;
      weights[place + 2] -= value * three;
      weights[place + 3] -= value * four;
    }
  }
  for (; u < units; u += 1) {
    const one = rate * gradient[at + u];
    for (let k = start; k < end; k += 1) weights[places[k] * units + u] -= values[k] * one;
  }
};

// out[at + u] = Σ gradient[from + a]·weights[u, a] over all units `a` above
const addTransposed = (out, at, weights, gradient, from, above) => {
  for (let u = 0; u < UNITS; u += 4) {
    let one = 0, two = 0, three = 0, four = 0;
    for (let a = 0; a < above; a += 1) {
      const value = gradient[from + a], place = u * above + a;
      one += value * weights[place];
      two += value * weights[place + above];
      three += value * weights[place + 2 * above];
      four += value * weights[place + 3 * above];
    }
    out[at + u] = one;
    out[at + u + 1] = two;
    out[at + u + 2] = three;
    out[at + u + 3] = four;
  }
};

// Fills the activations for inputs `from` to `from + count − 1`; those of the output are probabilities.
const forward = (net, inputs, from, count) => {
  const [squash] = ACTIVATIONS[net.activation], top = net.sizes.length - 1;
  net.sizes.forEach((units, layer) => {
    const out = net.activations[layer], below = net.activations[layer - 1];
    const weights = net.weights[layer], bias = net.biases[layer];
    for (let example = 0; example < count; example += 1) {
      const at = example * units, image = from + example;
      if (layer === 0) {
        const background = inputs.backgrounds[image], all = PIXELS * background + inputs.sums[image];
        for (let u = 0; u < units; u += 1) out[at + u] = bias[u] + background * net.total[u] + all * net.shift[u];
        const [start, end] = [inputs.starts[image], inputs.starts[image + 1]];
        addProducts(out, at, units, weights, inputs.places, inputs.differences, start, end);
      } else {
        for (let u = 0; u < units; u += 1) out[at + u] = bias[u];
        addProducts(out, at, units, weights, OF_UNITS, below, example * UNITS, (example + 1) * UNITS);
      }
      if (layer === top) softmax(out, at);
      else for (let u = at; u < at + units; u += 1) out[u] = squash(out[u]);
    }
  });
};

const softmax = (out, at) => {
  let highest = -Infinity, sum = 0;
  for (let c = at; c < at + CLASSES; c += 1) highest = Math.max(highest, out[c]);
  for (let c = at; c < at + CLASSES; c += 1) sum += out[c] = Math.exp(out[c] - highest);
  for (let c = at; c < at + CLASSES; c += 1) out[c] /= sum;
};

// Fills the gradients with ∂Cost/∂s of every layer, for each example's own cost −log P(label), after `forward`.
const backward = (net, labels, from, count) => {
  const [, slope] = ACTIVATIONS[net.activation], top = net.sizes.length - 1;
  net.gradients[top].set(net.activations[top].subarray(0, count * CLASSES));
  for (let example = 0; example < count; example += 1) {
    net.gradients[top][example * CLASSES + labels[from + example]] -= 1;
  }
  for (let layer = top - 1; layer >= 0; layer -= 1) {
    const z = net.activations[layer], out = net.gradients[layer], above = net.sizes[layer + 1];
    for (let example = 0; example < count; example += 1) {
      const at = example * UNITS;
      addTransposed(out, at, net.weights[layer + 1], net.gradients[layer + 1], example * above, above);
      for (let u = at; u < at + UNITS; u += 1) out[u] *= slope(z[u]);
    }
  }
};

// One update by the mean gradient of inputs `from` to `from + BATCH − 1`.
const update = (net, inputs, labels, from, learningRate) => {
  const rate = learningRate / BATCH;
  forward(net, inputs, from, BATCH);
  backward(net, labels, from, BATCH);
  net.sizes.forEach((units, layer) => {
    const gradient = net.gradients[layer], below = net.activations[layer - 1];
    const weights = net.weights[layer], bias = net.biases[layer];
    for (let example = 0; example < BATCH; example += 1) {
      const at = example * units, image = from + example;
      for (let u = 0; u < units; u += 1) bias[u] -= rate * gradient[at + u];
      if (layer > 0) {
        const start = example * UNITS;
        subtractProducts(gradient, at, units, weights, OF_UNITS, below, start, start + UNITS, rate);
        continue;
      }
      const background = rate * inputs.backgrounds[image], sum = rate * inputs.sums[image];
      for (let u = 0; u < units; u += 1) {
        net.shift[u] -= background * gradient[at + u];
        net.total[u] -= sum * gradient[at + u];
      }
      const [start, end] = [inputs.starts[image], inputs.starts[image + 1]];
      subtractProducts(gradient, at, units, weights, inputs.places, inputs.differences, start, end, rate);
    }
  });
};

// The share of inputs whose most probable class is not their label.
const errorOf = (net, inputs, labels) => {
  let wrong = 0;
  for (let from = 0; from < inputs.count; from += MOST_EXAMPLES) {
    const count = Math.min(MOST_EXAMPLES, inputs.count - from), output = net.activations[net.sizes.length - 1];
    forward(net, inputs, from, count);
    for (let example = 0; example < count; example += 1) {
      const probabilities = output.subarray(example * CLASSES, (example + 1) * CLASSES);
      wrong += probabilities.indexOf(Math.max(...probabilities)) !== labels[from + example];
    }
  }
  return wrong / inputs.count;
};
