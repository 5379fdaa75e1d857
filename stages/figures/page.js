// Draws each chart from the packed specification beside it when it comes near the screen, fits its width to the page,
// shares the reader's settings between all charts, and turns from one edition's results to another's.

const themes = JSON.parse(document.getElementById("themes").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map(); // place → its view, the observer of its width, and the signals that have controls
const NARROW = 480; // pixels: no room for panels side by side
const [ERROR, WARNING] = [1, 2]; // of Vega's log
const shared = {}; // signal → value, store → tuples

const specificationOf = (place) => unpacked(place.parentElement.querySelector("script").textContent);
const comparedWith = async (place) => {
  const { name } = place.parentElement.querySelector("script").dataset;
  const other = waiting.get(compared)?.querySelector(`script[data-name="${name}"]`);
  return other ? beside(await specificationOf(place), await unpacked(other.textContent)) : specificationOf(place);
};
const unpacked = async (text) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
const has = (view, kind, name) => name in view.getState({ signals: () => true, data: () => true })[kind];

const apply = (view, kind, name, value) => {
  if (!has(view, kind, name)) return;
  if (JSON.stringify(view[kind === "data" ? "data" : "signal"](name)) === JSON.stringify(value)) return;
  view[kind === "data" ? "data" : "signal"](name, structuredClone(value)).runAsync();
};

const share = (kind, name, value) => {
  shared[name] = [kind, value];
  for (const { view } of drawn.values()) apply(view, kind, name, value);
};

const draw = async (place, theme) => {
  near.unobserve(place);
  const earlier = drawn.get(place);
  const bind = place.parentElement.querySelector(".controls");
  const kept = (earlier?.controlled ?? []).map((name) => [name, earlier.view.signal(name)]);
  earlier?.observer.disconnect();
  earlier?.view.finalize();
  bind.replaceChildren();
  const logLevel = compared ? ERROR : WARNING; // a panel may have nothing of the other edition
  const options = { actions: false, renderer: "svg", config: themes[theme], bind, logLevel };
  const { columns: most = 1, ...specification } = await comparedWith(place);
  if (specification.facet) specification.columns = place.clientWidth < NARROW ? 1 : most;
  const { view, vgSpec } = await vegaEmbed(place, specification, options);
  const controlled = (vgSpec.signals ?? []).filter((signal) => signal.bind).map(({ name }) => name);
  const width = vgSpec.signals?.some(({ name }) => name === "child_width") ? "child_width" : "width";
  const columns = vgSpec.layout?.columns ?? 1; // panels side by side
  const around = place.querySelector("svg").width.baseVal.value - columns * view.signal(width); // axes, padding
  const rows = vgSpec.signals?.find(({ name }) => name === "y_step"); // rows of pictures shrink with their columns
  const fit = async () => {
    if (!place.clientWidth) return; // its data set is hidden
    await view.signal(width, Math.max(150, (place.clientWidth - around) / columns)).resize().runAsync();
    if (rows) view.signal("y_step", Math.min(rows.value, view.scale("x").bandwidth() + 6)).resize().runAsync();
  };
  const observer = new ResizeObserver(fit);
  drawn.set(place, { view, observer, controlled });
  for (const [name, value] of kept) apply(view, "signals", name, value);
  for (const [name, [kind, value]] of Object.entries(shared)) apply(view, kind, name, value);
  for (const field of ["layer", "model"]) {
    const store = `isolated_${field}_store`;
    if (has(view, "data", store)) view.addDataListener(store, (_, tuples) => isolate(field, tuples));
  }
  const slider = bind.querySelector("input[type=range]");
  if (slider) labelSlider(slider, view);
  observer.observe(place.parentElement);
};

const labelSlider = (slider, view) => {
  const output = document.createElement("output");
  slider.after(output);
  const update = (_, text) => {
    output.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  };
  view.addSignalListener("moment_text", update);
  update("moment_text", view.signal("moment_text"));
};

const isolate = (field, tuples) => {
  const selected = tuples.map(({ unit, fields, values }) => ({ unit, fields, values }));
  const plain = JSON.parse(JSON.stringify(selected)); // drops the functions that Vega adds
  const value = plain[0]?.values[0] ?? "";
  share("data", `isolated_${field}_store`, plain);
  document.getElementById(`isolate-${field}`).value = value;
  if (field !== "model") return;
  share("signals", "shown_model", value);
  if (value) share("signals", "model", value); // the playback shows one model at a time
};

addEventListener("change", ({ target: { id, value, dataset } }) => {
  const [kind, field] = id.split("-");
  if (kind === "isolate") {
    const values = [field === "layer" ? Number(value) : value];
    isolate(field, value ? [{ unit: "layer_0", fields: [{ type: "E", field }], values }] : []);
  } else if (dataset.signal) share("signals", dataset.signal, Number(value));
  else if (id === "dataset") showDataset();
  else if (id === "edition-shown") turnTo(value);
  else if (id === "edition-compared") compareWith(value);
});

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
  const hiding = [target?.closest("details"), target?.querySelector(":scope > details")].filter(Boolean);
  for (const one of hiding) one.open = true;
  if (hiding.length) target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
const begin = () => {
  showDataset();
  openTarget();
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
  for (const setting of Object.keys(shared)) delete shared[setting];
  document.querySelector(".choices").reset();
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
if (waiting.has(second)) {
  document.getElementById("edition-compared").value = second;
  compareWith(second);
}

// The rows of a chart for every model and time, unpacked by its own transforms; packed columns are left out.
const rowsOf = async ({ data, datasets, transform = [] }) => {
  const unpacking = transform.filter((one) => !("filter" in one));
  const unseen = { data, datasets, transform: unpacking, mark: "point" };
  const { view, vgSpec } = await vegaEmbed(document.createElement("div"), unseen, { actions: false });
  const rows = view.data(vgSpec.marks[0].from.data).map((row) => (
    Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== "object"))
  ));
  view.finalize();
  return rows;
};

document.addEventListener("click", async ({ target }) => {
  if (!target.matches(".csv")) return;
  const rows = await rowsOf(await specificationOf(target.closest(".chart-box").querySelector(".chart")));
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  const text = lines.map((line) => line.map(cell).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${target.dataset.name}.csv`;
  link.click();
});
