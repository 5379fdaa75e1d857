// Draws each chart from the specification that stands beside it and keeps it as wide as its place.

for (const place of document.querySelectorAll(".chart")) {
  const specification = JSON.parse(place.nextElementSibling.textContent);
  vegaEmbed(place, specification, { actions: false, renderer: "svg" }).then(({ view, vgSpec }) => {
    const width = vgSpec.signals?.some(({ name }) => name === "child_width") ? "child_width" : "width";
    const around = place.querySelector("svg").width.baseVal.value - view.signal(width); // axes, padding
    const fit = () => view.signal(width, Math.max(150, place.clientWidth - around)).resize().runAsync();
    window.addEventListener("resize", fit);
    fit();
  });
}
