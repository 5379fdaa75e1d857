// Turns from one data set's or edition's results to another's, opens what a link leads to, and begins.

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

// The other editions wait in templates; the address keeps which one is shown, and which one is drawn beside it.
const waiting = new Map([...document.querySelectorAll("template")].map((one) => [one.dataset.edition, one.content]));
const first = document.getElementById("edition-shown")?.value;
let edition = first, compared = "";

const begin = () => {
  showDataset();
  drawAll();
};
const turnTo = (name) => {
  const main = document.querySelector("main"), left = document.createDocumentFragment();
  live.remove(); // it is of no edition, and trains on
  const dataset = document.getElementById("dataset")?.value;
  for (const { leave } of charts.values()) leave();
  for (const place of drawings.keys()) place.replaceChildren();
  drawings.clear();
  document.querySelectorAll(".compared, .lacking").forEach((one) => one.remove());
  for (const form of document.querySelectorAll("form")) form.reset();
  left.append(...main.childNodes);
  main.append(waiting.get(name));
  main.querySelector(".live-place").append(live);
  waiting.delete(name);
  waiting.set(edition, left);
  [edition, compared] = [name, ""];
  const same = [...document.querySelectorAll("#dataset option")].find(({ value }) => value === dataset);
  if (same) same.selected = true;
  keepAddress();
  begin();
};

const compareWith = (name) => {
  compared = name;
  keepAddress();
  redraw();
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

// A chart's specification, with the compared edition's results in it; a note says so where there are none to draw.
const comparedWith = async (place) => {
  const own = await specificationOf(place), { name } = box(place).querySelector("script").dataset;
  const packed = waiting.get(compared)?.querySelector(`script[data-name="${name}"]`);
  const both = packed && beside(own, await unpacked(packed.textContent));
  box(place).querySelector(".lacking")?.remove();
  if (compared && !both) {
    const lacking = document.createElement("p");
    lacking.className = "note lacking";
    lacking.textContent = packed ? "This figure shows one edition at a time." : `${compared} has no results for this figure.`;
    place.after(lacking);
  }
  return both ?? own;
};

const keepAddress = () => {
  const address = new URL(location);
  for (const [key, value] of [["edition", edition === first ? "" : edition], ["compare", compared]]) {
    if (value) address.searchParams.set(key, value);
    else address.searchParams.delete(key);
  }
  history.replaceState(null, "", address);
};

addEventListener("change", ({ target: { id, value } }) => {
  if (id === "dataset") showDataset();
  else if (id === "edition-shown") turnTo(value);
  else if (id === "edition-compared") compareWith(value);
});

const [wanted, second] = ["edition", "compare"].map((key) => new URL(location).searchParams.get(key));
if (waiting.has(wanted)) turnTo(wanted);
else begin();
openTarget();
if (waiting.has(second)) {
  document.getElementById("edition-compared").value = second;
  compareWith(second);
}
