// Draws each chart from the specification beside it when it comes near the screen, as wide as its place, and lets
// what a reader sets once hold for all charts.

const themes = JSON.parse(document.getElementById("themes").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map(); // place → view
const shared = {}; // signal → value, store → tuples

const specificationOf = (place) => JSON.parse(place.parentElement.querySelector("script").textContent);
const has = (view, kind, name) => name in view.getState({ signals: () => true, data: () => true })[kind];

const apply = (view, kind, name, value) => {
  if (!has(view, kind, name)) return;
  if (JSON.stringify(view[kind === "data" ? "data" : "signal"](name)) === JSON.stringify(value)) return;
  view[kind === "data" ? "data" : "signal"](name, structuredClone(value)).runAsync();
};

const share = (kind, name, value) => {
  shared[name] = [kind, value];
  for (const view of drawn.values()) apply(view, kind, name, value);
};

const draw = async (place) => {
  const config = themes[dark.matches ? "dark" : "light"];
  const bind = place.parentElement.querySelector(".controls");
  const options = { actions: false, renderer: "svg", config, bind };
  const { view, vgSpec } = await vegaEmbed(place, specificationOf(place), options);
  drawn.get(place)?.finalize();
  drawn.set(place, view);
  for (const [name, [kind, value]] of Object.entries(shared)) apply(view, kind, name, value);
  for (const field of ["layer", "model"]) {
    const store = `isolated_${field}_store`;
    if (has(view, "data", store)) view.addDataListener(store, (_, tuples) => isolate(field, tuples));
  }
  const width = vgSpec.signals?.some(({ name }) => name === "child_width") ? "child_width" : "width";
  const columns = vgSpec.layout?.columns ?? 1; // panels beside each other
  const around = place.querySelector("svg").width.baseVal.value - columns * view.signal(width); // axes, padding
  const rows = vgSpec.signals?.find(({ name }) => name === "y_step"); // of pictures, which shrink with their columns
  const fit = async () => {
    if (!place.clientWidth) return; // of a data set that is not shown
    await view.signal(width, Math.max(150, (place.clientWidth - around) / columns)).resize().runAsync();
    if (rows) view.signal("y_step", Math.min(rows.value, view.scale("x").bandwidth() + 6)).resize().runAsync();
  };
  new ResizeObserver(fit).observe(place.parentElement);
};

const isolate = (field, tuples) => {
  const plain = tuples.map(({ unit, fields, values }) => ({ unit, fields, values }));
  share("data", `isolated_${field}_store`, plain);
  document.getElementById(`isolate-${field}`).value = plain[0]?.values[0] ?? "";
};

for (const field of ["layer", "model"]) {
  document.getElementById(`isolate-${field}`).addEventListener("change", ({ target: { value } }) => {
    const values = [field === "layer" ? Number(value) : value];
    isolate(field, value ? [{ unit: "layer_0", fields: [{ type: "E", field }], values }] : []);
  });
}
for (const choice of document.querySelectorAll("[data-signal]")) {
  choice.addEventListener("change", () => share("signals", choice.dataset.signal, Number(choice.value)));
}

const near = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter(({ isIntersecting }) => isIntersecting)) {
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "600px" });
for (const place of document.querySelectorAll(".chart")) near.observe(place);
dark.addEventListener("change", () => [...drawn.keys()].forEach(draw));
addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((place) => drawn.has(place) || draw(place)));

const select = document.getElementById("dataset");
const show = () => document.querySelectorAll("[data-dataset]").forEach((one) => {
  one.hidden = one.dataset.dataset !== select.value;
});
select?.addEventListener("change", show);
if (select) show();

document.addEventListener("click", ({ target }) => {
  if (!target.matches(".csv")) return;
  const { data, datasets = { values: data?.values } } = specificationOf(target.closest(".chart-box").querySelector(".chart"));
  const rows = Object.values(datasets).flat();
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  const text = lines.map((line) => line.map(cell).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${target.dataset.name}.csv`;
  link.click();
});
