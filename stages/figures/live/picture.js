// Draws a moment of the live figure as SVG: for each network one row a layer, and both test errors.

const CHANCE = 5 / 6; // the error of always answering the most common class
const SMALLEST = -6; // power of ten at which the bars of gradients begin; they end at 1
const SLIM = 200; // pixels of a panel: no room for the error in its heading
const TWO_ABREAST = 600; // pixels, at most: no room for three panels side by side
const [GAP, TOP, ROWS, BOTTOM] = [20, 26, 186, 30]; // pixels: between panels; from top to bottom of a panel
const HEIGHT = TOP + ROWS + BOTTOM;
const [LOWEST, HIGHEST] = [0.3, 1]; // of the errors' axis
// The ends of the activations' axes: RANGES in worker.js.
const AXES = { sigmoid: ["0", "1"], tanh: ["−1", "1"], softsign: ["−1", "1"], relu: ["0", "3+"] };
const recorded = JSON.parse(document.getElementById("live-recorded").textContent);

const nameOf = ({ activation, initialization }) => {
  const named = document.querySelector(`#live [name="initialization-0"] [value="${initialization}"]`);
  return `${activation}, ${named?.textContent ?? `gain ${initialization}`}`;
};
const percent = (share) => (100 * share).toFixed(0);
const text = (x, y, words, anchor = "start", look = "") => (
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" class="${look}">${words}</text>`
);

const networkPanel = (at, width, one, { layers, diverged }, error) => {
  const row = ROWS / layers.length, barWidth = 0.22 * width, labels = 36;
  const ridges = width - barWidth - labels - 26, bars = 16 + ridges + 10, below = TOP + ROWS + 11;
  const [low, high] = AXES[one.activation], result = diverged ? "diverged" : `${percent(error)} % wrong`;
  const heading = width < SLIM ? nameOf(one) : `${nameOf(one)}: ${result}`;
  const drawn = layers.map(({ shares, gradient }, layer) => {
    const base = TOP + (layers.length - layer) * row - 2, bin = ridges / shares.length;
    const zeros = one.activation === "relu" ? 1 : 0; // this bin would flatten the rest
    const highest = Math.max(...shares.slice(zeros)) || 1;
    const heights = shares.map((share) => (base - Math.min(share / highest, 1) * (row - 5)).toFixed(1));
    const steps = heights.map((height, place) => `V${height}H${(16 + (place + 1) * bin).toFixed(1)}`);
    const long = Math.min(Math.max(1 - Math.log10(gradient) / SMALLEST, 0), 1) * barWidth;
    return `${text(0, base, layer + 1)}<path class="axis" d="M16 ${base}h${ridges}M${bars} ${base}h${barWidth}"/>`
      + `<path class="network-${at}" d="M16 ${base}${steps.join("")}V${base}Z"/>`
      + `<rect class="network-${at}" x="${bars}" y="${base - 7}" width="${long.toFixed(1)}" height="7"/>`
      + text(width, base, gradient.toExponential(0), "end");
  });
  return [
    `<rect class="network-${at}" y="3" width="11" height="11"/>${text(16, 13, heading, "start", "name")}`,
    ...(diverged ? [] : drawn),
    text(16, below, low), text(16 + ridges, below, high, "end"),
    text(16 + ridges / 2, below + 13, "activations", "middle"), text(bars, below + 13, "gradient, log"),
  ].join("");
};

const errorPanel = (width, choice, { points, updates, last }) => {
  const left = 26, wide = width - left - 8;
  const across = (update) => (left + Math.sqrt(update / last) * wide).toFixed(1);
  const up = (error) => (TOP + ((HIGHEST - Math.max(error, LOWEST)) / (HIGHEST - LOWEST)) * ROWS).toFixed(1);
  const line = (pairs, look) => {
    const known = pairs.filter(([update]) => update <= last).map(([update, error]) => `${across(update)},${up(error)}`);
    return `<polyline class="${look}" points="${known.join(" ")}"/>`;
  };
  const beside = choice.networks.map((one) => recorded.find((other) => (
    nameOf(other) === nameOf(one) && other.layers === choice.layers
  )));
  const units = new Set(beside.filter(Boolean).map((one) => one.units));
  return [
    text(0, 13, `test error (%), ${updates.toLocaleString("en")} updates`, "start", "name"),
    ...[0.4, 0.6, 0.8, 1].map((error) => (
      `<path class="axis" d="M${left} ${up(error)}h${wide}"/>`
        + text(left - 5, Number(up(error)) + 4, percent(error), "end")
    )),
    ...[[1000, "1k"], [10_000, "10k"], [40_000, "40k"], [last, `${last / 1000}k`]].map(([update, words]) => (
      text(Number(across(update)), TOP + ROWS + 11, words, update === last ? "end" : "middle")
    )),
    `<path class="chance" d="M${left} ${up(CHANCE)}h${wide}"/>`,
    text(width - 8, Number(up(CHANCE)) - 4, `chance ${percent(CHANCE)}`, "end"),
    ...beside.map((one, at) => (one ? line(one.errors, `thin line-${at}`) : "")),
    units.size ? text(left + 4, TOP + ROWS - 5, `thin: recorded, ${[...units].join(", ")} units`) : "",
    ...choice.networks.map((_, at) => line(points.map((point) => [point[0], point[at + 1]]), `line-${at}`)),
  ].join("");
};

const drawMoment = (picture, choice, moment) => {
  const width = picture.clientWidth, wide = width > TWO_ABREAST;
  if (!width) return; // it is hidden
  const panel = wide ? (width - 2 * GAP) / 3 : (width - GAP) / 2;
  const [x, y, errorsWide] = wide ? [2 * (panel + GAP), 0, panel] : [0, HEIGHT + GAP, width];
  const place = (left, top, drawn) => `<g transform="translate(${left} ${top})">${drawn}</g>`;
  const errors = moment.points.at(-1).slice(1);
  picture.setAttribute("viewBox", `0 0 ${width} ${wide ? HEIGHT : 2 * HEIGHT + GAP}`);
  picture.innerHTML = [
    ...choice.networks.map((one, at) => (
      place(at * (panel + GAP), 0, networkPanel(at, panel, one, moment.networks[at], errors[at]))
    )),
    place(x, y, errorPanel(errorsWide, choice, moment)),
  ].join("");
};

// What a moment shows, in words.
const sentence = (choice, { updates, points, networks }) => {
  const [, ...errors] = points.at(-1);
  const results = choice.networks.map((one, at) => {
    const error = `errs on ${percent(errors[at])} %${at ? "" : " of the test images"}`;
    return `${nameOf(one)} ${networks[at].diverged ? "has diverged" : error}`;
  });
  const reaching = networks.map(({ layers }) => layers[0].gradient / layers.at(-1).gradient);
  const shares = reaching.map((share) => (Number.isFinite(share) ? Number(share.toPrecision(1)) : "none"));
  return `After ${updates.toLocaleString("en")} updates, ${results.join(" and ")}; chance is ${percent(CHANCE)} %. `
    + `Layer 1 gets ${shares.join(" and ")} of the top layer’s gradient.`;
};
