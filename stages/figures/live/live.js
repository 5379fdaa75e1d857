// The live figure: its choices, which the address keeps, and the moments of training that its worker sends.

// The gain that an initialization has between hidden layers.
const GAINS = { standard: Math.sqrt(1 / 3), normalized: 1, he: Math.SQRT2, torch_linear: Math.sqrt(1 / 3) };
const SLICE = 60, SLOW_SLICE = 1000; // milliseconds of training for each picture
const SPOKEN = 5000; // milliseconds between sentences during training

const live = document.getElementById("live"), form = live.querySelector("form");
const [picture, told, warning] = ["svg", "[role=status]", ".note"].map((one) => live.querySelector(one));
const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
const opening = form.querySelector("[data-live]").dataset.live;

// A choice as text: "tanh-standard tanh-1.5 8 0.03 2010" names both networks, the hidden layers, the learning rate and
// the seed. An initialization that is a number is the gain g of uniform weights with n·Var[W] = g².
const written = ({ networks, layers, rate, seed }) => (
  [...networks.map((one) => `${one.activation}-${one.initialization}`), layers, rate, seed].join(" ")
);
const within = (field, text) => {
  const { min, max, step } = form.elements[field], value = text ? Number(text) : NaN;
  return value >= min && value <= max && (step !== "1" || Number.isInteger(value));
};
const offers = (field, text) => (
  [...form.elements[field].options].some(({ value }) => value === text && value !== "gain")
);

// The choice that a text describes; undefined if the form does not offer it.
const parsed = (text) => {
  const [one, other = "", layers, rate, seed] = text.split(" "), networks = [one, other].map((name) => name.split("-"));
  const known = networks.every(([activation, initialization]) => (
    offers("activation-0", activation)
      && (offers("initialization-0", initialization) || within("gain-0", initialization))
  ));
  if (!known || !offers("layers", layers) || !offers("rate", rate) || !within("seed", seed)) return undefined;
  const named = ([activation, initialization]) => (
    { activation, initialization: initialization in GAINS ? initialization : Number(initialization) }
  );
  return { networks: networks.map(named), layers: Number(layers), rate: Number(rate), seed: Number(seed) };
};

const ofForm = () => {
  const valueOf = (field) => form.elements[field].value;
  const networks = [0, 1].map((at) => {
    const named = valueOf(`initialization-${at}`), initialization = named === "gain" ? valueOf(`gain-${at}`) : named;
    return { activation: valueOf(`activation-${at}`), initialization };
  });
  return { networks, layers: valueOf("layers"), rate: valueOf("rate"), seed: valueOf("seed") };
};

const showChoice = () => {
  const show = (field, value) => { form.elements[field].value = value; };
  choice.networks.forEach(({ activation, initialization }, at) => {
    show(`activation-${at}`, activation);
    show(`initialization-${at}`, initialization in GAINS ? initialization : "gain");
    show(`gain-${at}`, GAINS[initialization] ?? initialization);
    showGain(at);
  });
  for (const field of ["layers", "rate", "seed"]) show(field, choice[field]);
  for (const preset of form.querySelectorAll("[data-live]")) {
    preset.setAttribute("aria-pressed", preset.dataset.live === written(choice));
  }
};
const showGain = (at) => {
  const slider = form.elements[`gain-${at}`];
  slider.nextElementSibling.textContent = Number(slider.value).toFixed(2);
};

// Starts over with what `changes` says: { networks: [{ activation, initialization }, …], layers, rate, seed }, or a
// part of it. What the form does not offer changes nothing.
const chooseLive = (changes) => {
  choice = parsed(written({ ...choice, ...changes })) ?? choice;
  warning.hidden = true;
  showChoice();
  const address = new URL(location), text = written(choice);
  if (text === opening) address.searchParams.delete("live");
  else address.searchParams.set("live", text);
  history.replaceState(null, "", address);
  startOver();
};

let choice = parsed(opening), worker, moment;
let started = 0, asked = 0; // how often it has started over, and how many moments since then are awaited
let playing = false, seen = false, spokenAt = -Infinity;

// Each moment of training is asked for, so a picture never waits for the one before.
const ask = (request) => {
  asked += 1;
  worker?.postMessage({ id: started, updates: 0, milliseconds: Infinity, ...request });
};
const startOver = () => {
  [started, asked] = [started + 1, 0];
  ask({ settings: choice });
};
const goOn = () => {
  const milliseconds = lessMotion.matches ? SLOW_SLICE : SLICE;
  if (playing && seen && !document.hidden && asked === 0) ask({ updates: Infinity, milliseconds });
};
const setPlaying = (on) => {
  playing = on;
  form.elements.play.textContent = on ? "Pause" : "Play";
  spokenAt = -Infinity;
  if (on && moment && moment.updates === moment.last) startOver();
  goOn();
};

const receive = ({ data }) => {
  if (data.id !== started) return; // it was asked for before the last choice
  [moment, asked] = [data, asked - 1];
  if (moment.updates === moment.last) setPlaying(false);
  goOn();
  drawMoment(picture, choice, moment);
  const now = performance.now();
  if (playing && now - spokenAt < SPOKEN) return;
  spokenAt = now;
  told.textContent = sentence(choice, moment);
};

const warn = (text) => {
  warning.textContent = text;
  warning.hidden = false;
};
const stayStill = () => {
  warn("This browser starts no workers, in which the networks would train, so this figure is a still.");
  form.hidden = true;
};
const open = () => {
  const wanted = new URL(location).searchParams.get("live");
  if (wanted !== null && !parsed(wanted)) warn(`The address asks for what this figure does not offer: live=${wanted}`);
  choice = parsed(wanted ?? "") ?? choice;
  form.hidden = false;
  showChoice();
  try {
    const script = new Blob([document.getElementById("live-worker").textContent], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(script));
  } catch {
    return stayStill();
  }
  worker.onmessage = receive;
  worker.onerror = stayStill;
  startOver();
  new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    goOn();
  }).observe(picture);
  new ResizeObserver(() => moment && drawMoment(picture, choice, moment)).observe(live);
};
document.addEventListener("visibilitychange", goOn);

form.addEventListener("click", ({ target: { name, dataset } }) => {
  if (dataset.live) chooseLive(parsed(dataset.live));
  if (name === "play") setPlaying(!playing);
  if (name === "step") {
    setPlaying(false);
    ask({ updates: 1 });
  }
  if (name === "reset") {
    setPlaying(false);
    startOver();
  }
});
form.addEventListener("input", ({ target: { name } }) => {
  const [field, at] = name.split("-");
  if (field !== "gain") return;
  form.elements[`initialization-${at}`].value = "gain";
  showGain(at);
});
form.addEventListener("change", () => chooseLive(ofForm()));
open();
