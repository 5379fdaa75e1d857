// Draws another edition's results into a chart: thin, dashed and without tooltips, on the same axes.

const [THIN, DASHED] = [1.3, [4, 3]];
const HOLLOW = { type: "point", filled: false, size: 22, strokeWidth: 1 };

const named = (mark) => (typeof mark === "string" ? { type: mark } : mark);
const only = (layer, filter) => ({ ...layer, transform: [{ filter }, ...(layer.transform ?? [])] });

// The lines and dots of a layer, and the outlines of its areas, as those of the other edition; none for other marks.
const copied = ({ name, params, ...layer }) => {
  const mark = named(layer.mark);
  if (name === "pointer" || !(mark.line || ["line", "circle"].includes(mark.type))) return [];
  const { tooltip, strokeDash, size, y2, ...encoding } = layer.encoding ?? {};
  const line = { strokeDash: DASHED, ...mark, strokeWidth: THIN, type: "line" }; // dotted lines stay dotted
  const drawn = mark.type === "circle" ? HOLLOW : line;
  return [only({ ...layer, mark: drawn, encoding }, "datum.compared")];
};

// The axes' ticks are those of both editions; where labels overlap, Vega leaves some out.
const ticksOf = (layers, channel) => layers.flatMap(({ encoding }) => encoding?.[channel]?.axis?.values ?? []);
const withTicks = (layers) => (layer) => {
  const encoding = { ...layer.encoding };
  for (const channel of ["x", "y"]) {
    if (!encoding[channel]?.axis?.values) continue;
    const values = [...new Set(ticksOf(layers, channel))].sort((one, other) => one - other);
    encoding[channel] = { ...encoding[channel], axis: { ...encoding[channel].axis, values } };
  }
  return { ...layer, encoding };
};

// Returns `own` with the rows of `other`, a specification of the same figure, for what both have. Undefined for a
// chart that shows one edition at a time.
const beside = (own, other) => {
  const [names, others] = [own, other].map(({ datasets }) => Object.keys(datasets ?? {}));
  const inner = own.spec ?? own;
  if (!inner.layer || names.length !== 1 || others.length !== 1) return undefined;
  const rows = own.datasets[names[0]];
  const shared = ["model", own.facet?.field].filter((field) => field && field in (rows[0] ?? {}));
  const known = (row) => shared.every((field) => rows.some((one) => one[field] === row[field]));
  const added = other.datasets[others[0]].filter(known).map((row) => ({ ...row, compared: true }));
  const layer = [...inner.layer.map((one) => only(one, "!datum.compared")), ...inner.layer.flatMap(copied)]
    .map(withTicks([...inner.layer, ...(other.spec ?? other).layer]));
  const drawn = own.spec ? { ...own, spec: { ...own.spec, layer } } : { ...own, layer };
  return { ...drawn, datasets: { [names[0]]: [...rows, ...added] } };
};
