// Draws each chart from the specification that stands beside it and keeps it as wide as its place.

const draw = async (place) => {
  const specification = JSON.parse(place.nextElementSibling.textContent);
  const { view, vgSpec } = await vegaEmbed(place, specification, { actions: false, renderer: "svg" });
  const width = vgSpec.signals?.some(({ name }) => name === "child_width") ? "child_width" : "width";
  const columns = vgSpec.layout?.columns ?? 1; // panels beside each other
  const around = place.querySelector("svg").width.baseVal.value - columns * view.signal(width); // axes, padding
  const rows = vgSpec.signals?.find(({ name }) => name === "y_step"); // of pictures, which shrink with their columns
  const fit = async () => {
    if (!place.clientWidth) return; // folded again
    await view.signal(width, Math.max(150, (place.clientWidth - around) / columns)).resize().runAsync();
    if (rows) view.signal("y_step", Math.min(rows.value, view.scale("x").bandwidth() + 6)).resize().runAsync();
  };
  window.addEventListener("resize", fit);
  place.closest("details")?.addEventListener("toggle", fit);
  fit();
};

for (const place of document.querySelectorAll(".chart")) {
  const folded = place.closest("details:not([open])");
  if (folded) folded.addEventListener("toggle", () => draw(place), { once: true });
  else draw(place);
}
