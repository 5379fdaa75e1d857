// Draws each chart from the packed specification beside it when it comes near the screen, fits its width to the page,
// sets what the reader chooses beside it, and turns from one edition's results to another's.

const themes = JSON.parse(document.getElementById("themes").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map(); // place → its view, the observer of its width, and the function that fits it
const NARROW = 480; // pixels: no room for panels side by side
const [ERROR, WARNING] = [1, 2]; // of Vega's log
const MOMENT = 450; // milliseconds of the playback
const ROUNDS = 4; // of fitting: axes and legends change with the width
const WIDTHS = ["child_width", "childWidth"]; // signals of panels; a chart without panels has `width`

const box = (element) => element.closest(".chart-box");
const specificationOf = (place) => unpacked(box(place).querySelector("script").textContent);
const unpacked = async (text) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
const comparedWith = async (place) => {
  const own = await specificationOf(place), { name } = box(place).querySelector("script").dataset;
  const other = waiting.get(compared)?.querySelector(`script[data-name="${name}"]`);
  box(place).querySelector(".lacking")?.remove();
  if (compared && !other) {
    const lacking = document.createElement("p");
    lacking.className = "note lacking";
    lacking.textContent = `${compared} has nothing of this figure.`;
    place.after(lacking);
  }
  return other ? beside(own, await unpacked(other.textContent)) : own;
};

// The names of models and layers beside a chart are its legend.
const withoutLegends = (specification, place) => {
  if (!box(place).querySelector(".chip")) return specification;
  return JSON.parse(JSON.stringify(specification), (key, value) => (key === "legend" ? null : value));
};

// Numbers that a line lacks at this point are left out of its tooltip.
const formatTooltip = (value, sanitize) => {
  const known = Object.entries(value).filter(([, text]) => !/^(NaN.*|null|undefined)?$/.test(text));
  const rows = known.map(([key, text]) => `<tr><td class="key">${sanitize(key)}</td><td>${sanitize(text)}</td></tr>`);
  return `<table>${rows.join("")}</table>`;
};

const draw = async (place, theme) => {
  near.unobserve(place);
  const earlier = drawn.get(place);
  earlier?.observer.disconnect();
  earlier?.view.finalize();
  const { columns: most, ...specification } = withoutLegends(await comparedWith(place), place);
  if (most) specification.columns = place.clientWidth < NARROW ? 1 : most;
  const logLevel = compared ? ERROR : WARNING; // a panel may have nothing of the other edition
  const options = { actions: false, renderer: "svg", config: themes[theme], logLevel, tooltip: { formatTooltip } };
  const { view, vgSpec } = await vegaEmbed(place, specification, options);
  const signals = new Map((vgSpec.signals ?? []).map((signal) => [signal.name, signal]));
  const width = WIDTHS.find((name) => signals.has(name)) ?? "width";
  const fit = async () => {
    if (!place.clientWidth) return; // its data set is hidden
    const panels = place.querySelectorAll("g.cell > g").length || Infinity;
    const columns = Math.min(specification.columns ?? 1, panels); // panels side by side
    for (let round = 0; round < ROUNDS; round += 1) {
      const missing = (place.clientWidth - place.querySelector("svg").width.baseVal.value) / columns;
      if (Math.abs(missing) < 1) break;
      const fitted = Math.max(150, view.signal(width) + missing);
      view.signal(width, fitted);
      if (specification.usermeta.square) view.signal("child_height", fitted);
      await view.resize().runAsync();
    }
    const rows = signals.get("y_step"); // rows of pictures shrink with their columns
    if (rows) view.signal("y_step", Math.min(rows.value, view.scale("x").bandwidth() + 4)).resize().runAsync();
  };
  let fittedTo; // pixels: a chart's own changes of height ask for nothing
  const observer = new ResizeObserver(() => {
    if (place.clientWidth !== fittedTo) fit();
    fittedTo = place.clientWidth;
  });
  drawn.set(place, { view, observer, signals, fit });
  await set(place);
  observer.observe(box(place));
};

// Sets what the controls beside a chart say, and gives their swatches the chart's colours.
const set = async (place) => {
  const { view, signals, fit } = drawn.get(place), settings = box(place).querySelector(".controls");
  for (const { dataset: { signal }, value } of settings.querySelectorAll("[data-signal]")) {
    view.signal(signal, signal === "model" ? value : Number(value));
  }
  for (const name of ["shown_models", "chosen_layers"].filter((one) => signals.has(one))) {
    const chips = [...settings.querySelectorAll(`[name=${name}]`)];
    const valueOf = ({ value }) => (name === "chosen_layers" ? Number(value) : value);
    view.signal(name, chips.filter(({ checked }) => checked).map(valueOf));
    const colour = view.scale("color");
    for (const chip of chips) {
      const swatch = chip.nextElementSibling;
      swatch.hidden = !colour.domain().includes(valueOf(chip)); // colours are of models or of layers
      swatch.style.background = colour(valueOf(chip));
    }
  }
  const slider = settings.querySelector("input[type=range]");
  if (slider) tellMoment(slider);
  await view.runAsync();
  await fit();
};

const tellMoment = (slider) => {
  const text = `${Number(slider.dataset.moments.split(" ")[slider.value]).toLocaleString("en")} updates`;
  slider.nextElementSibling.textContent = text;
  slider.setAttribute("aria-valuetext", text);
};

// Plays on from the slider's moment, or from the first one if it is at the end, until it is pressed again.
const play = (button) => {
  const slider = button.nextElementSibling;
  if (button.dataset.playing) return stop(button);
  if (slider.value === slider.max) slider.value = 0;
  else slider.stepUp();
  button.textContent = "Pause";
  button.dataset.playing = setInterval(() => {
    if (slider.value === slider.max || !slider.isConnected) return stop(button);
    slider.stepUp();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, MOMENT);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
};
const stop = (button) => {
  clearInterval(button.dataset.playing);
  delete button.dataset.playing;
  button.textContent = "Play";
};

addEventListener("input", ({ target }) => {
  const place = box(target)?.querySelector(".chart");
  if (drawn.has(place)) set(place);
});
addEventListener("change", ({ target: { id, value } }) => {
  if (id === "dataset") showDataset();
  else if (id === "edition-shown") turnTo(value);
  else if (id === "edition-compared") compareWith(value);
});
addEventListener("submit", (event) => event.preventDefault());

const theme = () => (dark.matches ? "dark" : "light");
const near = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) draw(target, theme());
}, { rootMargin: "600px" });
dark.addEventListener("change", () => [...drawn.keys()].forEach((place) => draw(place, theme())));

const shown = () => [...document.querySelectorAll(".chart")].filter((place) => place.checkVisibility());
addEventListener("beforeprint", () => {
  for (const place of shown()) if (dark.matches || !drawn.has(place)) draw(place, "light"); // paper is white
});
addEventListener("afterprint", () => dark.matches && shown().forEach((place) => draw(place, "dark")));

const showDataset = () => {
  const chosen = document.getElementById("dataset")?.value;
  document.querySelectorAll("[data-dataset]").forEach((one) => { one.hidden = one.dataset.dataset !== chosen; });
};
// A link to a figure or claim opens what hides it or its details.
const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  const hiding = [target?.closest("details"), target?.matches("tr") && target.querySelector("details")].filter(Boolean);
  for (const one of hiding) one.open = true;
  if (hiding.length) target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
const begin = () => {
  showDataset();
  for (const place of document.querySelectorAll(".chart")) near.observe(place);
};

// The other editions wait in templates; the address keeps which one is shown, and which one is drawn beside it.
const waiting = new Map([...document.querySelectorAll("template")].map((one) => [one.dataset.edition, one.content]));
const first = document.getElementById("edition-shown")?.value;
let edition = first, compared = "";
const turnTo = (name) => {
  const main = document.querySelector("main"), left = document.createDocumentFragment();
  for (const [place, { view, observer }] of drawn) {
    observer.disconnect();
    view.finalize();
    place.replaceChildren();
  }
  drawn.clear();
  for (const form of document.querySelectorAll("form")) form.reset();
  left.append(...main.childNodes);
  main.append(waiting.get(name));
  waiting.delete(name);
  waiting.set(edition, left);
  [edition, compared] = [name, ""];
  keepAddress();
  begin();
};
const compareWith = (name) => {
  compared = name;
  keepAddress();
  for (const place of drawn.keys()) draw(place, theme());
  document.querySelectorAll(".compared").forEach((one) => one.remove());
  if (!name) return;
  for (const own of document.querySelectorAll("[data-beside]")) {
    const other = waiting.get(name).querySelector(`[data-beside="${own.dataset.beside}"]`);
    const added = document.createElement("small"), text = other?.textContent ?? "–";
    added.className = "compared";
    added.textContent = own.closest("td") ? text : ` ${name}: ${text}`;
    if (text !== own.textContent) own.after(added);
  }
};
const keepAddress = () => {
  const address = new URL(location);
  for (const [key, value] of [["edition", edition === first ? "" : edition], ["compare", compared]]) {
    if (value) address.searchParams.set(key, value);
    else address.searchParams.delete(key);
  }
  history.replaceState(null, "", address);
};
const [wanted, second] = ["edition", "compare"].map((key) => new URL(location).searchParams.get(key));
if (waiting.has(wanted)) turnTo(wanted);
else begin();
openTarget();
if (waiting.has(second)) {
  document.getElementById("edition-compared").value = second;
  compareWith(second);
}

// The rows of a chart for every model and time, unpacked by its own transforms; packed columns are left out.
const rowsOf = async ({ data, datasets, transform = [] }) => {
  const unpacking = transform.filter((one) => !("filter" in one));
  const unseen = { data, datasets, transform: unpacking, mark: "point" };
  const { view, vgSpec } = await vegaEmbed(document.createElement("div"), unseen, { actions: false });
  const rows = view.data(vgSpec.marks[0].from.data).map(({ label_at: _, ...row }) => (
    Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== "object"))
  ));
  view.finalize();
  return rows;
};

// A finger's tap shows what a pointer would.
document.addEventListener("click", ({ target, pointerType, clientX, clientY }) => {
  if (pointerType !== "touch" || !target.closest(".chart")) return;
  for (const type of ["pointerover", "pointermove"]) {
    target.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX, clientY }));
  }
});

document.addEventListener("click", async ({ target }) => {
  if (target.matches(".play")) play(target);
  if (!target.matches(".csv")) return;
  const rows = await rowsOf(await specificationOf(target));
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  const text = lines.map((line) => line.map(cell).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${target.dataset.name}.csv`;
  link.click();
});
