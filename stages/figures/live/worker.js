// Trains two networks in lockstep on the same images, for as long as each message asks, and answers with a moment.

const TESTED = 1000, MONITORED = 100; // test images; the first of them are those of the ridges and bars
const BINS = 40, LAST = 100_000; // updates, after which training stops
const RANGES = { sigmoid: [0, 1], tanh: [-1, 1], softsign: [-1, 1], relu: [0, 3] };
const measuredAt = (point) => 20 * point ** 2; // updates: at equal steps of a square-root axis

const draw = (seed, stream, from, count) => {
  const images = new Uint8Array(count * PIXELS);
  const labels = Uint8Array.from({ length: count }, (_, at) => (
    paint(seed, stream, from + at, images.subarray(at * PIXELS, (at + 1) * PIXELS))
  ));
  return [inputsOf(images), labels];
};

// Of each hidden layer: its activations' shares in bins, which take in what is beyond their range, and the root mean
// square of ∂Cost/∂s.
const monitor = (net, [inputs, labels]) => {
  forward(net, inputs, 0, MONITORED);
  backward(net, labels, 0, MONITORED);
  const [low, high] = RANGES[net.activation], values = MONITORED * UNITS;
  const layers = net.sizes.slice(1).map((_, layer) => {
    const shares = Array(BINS).fill(0);
    let squares = 0;
    for (let at = 0; at < values; at += 1) {
      const bin = Math.floor(((net.activations[layer][at] - low) / (high - low)) * BINS);
      shares[Math.min(Math.max(bin, 0), BINS - 1)] += 1 / values;
      squares += net.gradients[layer][at] ** 2;
    }
    return { shares, gradient: Math.sqrt(squares / values) };
  });
  return { layers, diverged: layers.some(({ gradient }) => !Number.isFinite(gradient)) };
};

let run;
const begin = ({ networks, layers, rate, seed }) => {
  const nets = networks.map((one) => initialized(one, layers, seed));
  run = { nets, rate, seed, test: draw(seed, STREAMS.test, 0, TESTED), updates: 0, points: [] };
  measure();
};
const measure = () => {
  if (run.updates !== measuredAt(run.points.length)) return;
  run.points.push([run.updates, ...run.nets.map((net) => errorOf(net, ...run.test))]);
};
const step = () => {
  const [inputs, labels] = draw(run.seed, STREAMS.train, run.updates * BATCH, BATCH);
  for (const net of run.nets) update(net, inputs, labels, 0, run.rate);
  run.updates += 1;
  measure();
};

self.onmessage = ({ data: { id, settings, milliseconds, updates } }) => {
  if (settings) begin(settings);
  const until = performance.now() + milliseconds, last = Math.min(LAST, run.updates + updates);
  while (run.updates < last && performance.now() < until) step();
  const networks = run.nets.map((net) => monitor(net, run.test));
  self.postMessage({ id, updates: run.updates, points: run.points, last: LAST, networks });
};
