// Draws each chart from the packed specification beside it, fits its width to the page, and follows its controls.

const themes = JSON.parse(document.getElementById("themes").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const charts = new Map(); // place → what is drawn there: its view, its signals, and how to fit and to leave it
const drawings = new Map(); // place → the promise of its last drawing: each waits for the one before
const NARROW = 480; // pixels: no room for panels side by side
const ROUNDS = 4; // of fitting: axes and legends change with the width
const WIDTHS = ["child_width", "childWidth"]; // signals of panels; a chart without panels has `width`
const [ERROR, WARNING] = [1, 2]; // of Vega's log

const box = (element) => element.closest(".chart-box");
const specificationOf = (place) => unpacked(box(place).querySelector("script").textContent);
const unpacked = async (text) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

// The names of models and layers beside a chart are its legend.
const withoutLegends = (specification, place) => {
  if (!box(place).querySelector(".chip")) return specification;
  return JSON.parse(JSON.stringify(specification), (key, value) => (key === "legend" ? null : value));
};

// Numbers that a line lacks at this point are left out of its tooltip.
const formatTooltip = (value, sanitize) => {
  if (typeof value !== "object") return sanitize(value);
  const known = Object.entries(value).filter(([, text]) => !/^(NaN.*|null|undefined)?$/.test(text));
  const rows = known.map(([key, text]) => `<tr><td class="key">${sanitize(key)}</td><td>${sanitize(text)}</td></tr>`);
  return `<table>${rows.join("")}</table>`;
};

const draw = (place) => {
  near.unobserve(place);
  const drawing = (drawings.get(place) ?? Promise.resolve()).then(() => place.isConnected && drawNow(place));
  drawings.set(place, drawing);
  return drawing;
};

const drawNow = async (place) => {
  const { columns: most, ...specification } = withoutLegends(await comparedWith(place), place);
  if (most) specification.columns = place.clientWidth < NARROW ? 1 : most;
  const theme = dark.matches ? "dark" : "light";
  const logLevel = compared ? ERROR : WARNING; // a panel may have nothing of the other edition
  const tooltip = { formatTooltip, theme };
  charts.get(place)?.leave();
  const { view, vgSpec } = await vegaEmbed(place, specification, {
    actions: false, renderer: "svg", config: themes[theme], logLevel, tooltip,
  });
  const signals = new Map((vgSpec.signals ?? []).map((signal) => [signal.name, signal]));
  const width = WIDTHS.find((name) => signals.has(name)) ?? "width";
  const fitNow = async () => {
    await view.resize().runAsync(); // added panels change the height
    const panels = place.querySelectorAll("g.cell > g").length || Infinity;
    const columns = Math.min(specification.columns ?? 1, panels); // panels side by side
    for (let round = 0; round < ROUNDS; round += 1) {
      const missing = (place.clientWidth - place.querySelector("svg").width.baseVal.value) / columns;
      if (!place.clientWidth || Math.abs(missing) < 1) break; // it is hidden, or it fits
      const fitted = Math.max(150, view.signal(width) + missing);
      view.signal(width, fitted);
      if (specification.usermeta.square) view.signal("child_height", fitted);
      await view.resize().runAsync();
    }
    const rows = signals.get("y_step"); // rows of pictures shrink with their columns
    if (rows) await view.signal("y_step", Math.min(rows.value, view.scale("x").bandwidth() + 4)).resize().runAsync();
  };
  let fitting = Promise.resolve();
  const fit = () => { fitting = fitting.then(() => charts.get(place)?.view === view && fitNow()); return fitting; };
  let fittedTo; // pixels: a chart's own changes of height ask for nothing
  const observer = new ResizeObserver(() => {
    if (place.clientWidth !== fittedTo) fit();
    fittedTo = place.clientWidth;
  });
  const leave = () => {
    observer.disconnect();
    view.finalize();
    charts.delete(place);
  };
  charts.set(place, { view, signals, fit, leave });
  place.dataset.theme = theme;
  await follow(place);
  observer.observe(box(place));
};

// Sets what the controls beside a chart say, and gives their swatches the looks of the chart's lines.
const follow = (place) => {
  const { view, signals, fit } = charts.get(place), controls = box(place).querySelector(".controls");
  for (const { dataset: { signal }, value } of controls.querySelectorAll("[data-signal]")) {
    view.signal(signal, signal === "model" ? value : Number(value));
  }
  for (const name of ["shown_models", "chosen_layers"].filter((one) => signals.has(one))) {
    const chips = [...controls.querySelectorAll(`[name=${name}]`)];
    const valueOf = ({ value }) => (name === "chosen_layers" ? Number(value) : value);
    view.signal(name, chips.filter(({ checked }) => checked).map(valueOf));
    for (const chip of chips) look(chip.nextElementSibling, view, valueOf(chip));
  }
  const slider = controls.querySelector("input[type=range]");
  if (slider) showMoment(slider);
  return fit();
};

const look = (swatch, view, value) => {
  const scale = (name) => { try { return view.scale(name); } catch { return undefined; } }; // it has none of this name
  const colour = scale("color"), [on, ...off] = scale("strokeDash")?.(value) ?? [1, 0];
  swatch.hidden = !colour.domain().includes(value); // a chart's colours are of models or of layers
  const whole = on + (off[0] ?? 0);
  const dashes = `repeating-linear-gradient(90deg, ${colour(value)} 0 ${on}px, transparent ${on}px ${whole}px)`;
  swatch.style.background = off[0] ? dashes : colour(value);
};

addEventListener("input", ({ target }) => {
  const place = box(target)?.querySelector(".chart");
  if (charts.has(place)) follow(place);
});
addEventListener("submit", (event) => event.preventDefault());

// A finger's tap shows what a pointer would.
addEventListener("click", ({ target, pointerType, clientX, clientY }) => {
  if (pointerType !== "touch" || !target.closest(".chart")) return;
  for (const type of ["pointerover", "pointermove"]) {
    target.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX, clientY }));
  }
});

const near = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) draw(target);
}, { rootMargin: "600px" });

// What is hidden has no width to draw for, so it waits until it is seen.
const redraw = () => {
  for (const place of drawings.keys()) {
    if (place.clientWidth) draw(place);
    else near.observe(place);
  }
};
dark.addEventListener("change", redraw);

// The charts near the screen come first, the others while the browser has nothing to do: a page can be printed at once.
const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));
const drawAll = async () => {
  const places = [...document.querySelectorAll(".chart")];
  for (const place of places) near.observe(place);
  for (const place of places) {
    await idle();
    if (place.clientWidth && !drawings.has(place)) await draw(place);
  }
};
