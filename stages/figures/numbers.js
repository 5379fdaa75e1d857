// Saves a chart's numbers as CSV: the rows for every model and time, unpacked by the chart's own transforms.

const rowsOf = async ({ data, datasets, transform = [] }) => {
  const unpacking = transform.filter((one) => !("filter" in one));
  const unseen = { data, datasets, transform: unpacking, mark: "point" };
  const { view, vgSpec } = await vegaEmbed(document.createElement("div"), unseen, { actions: false });
  const rows = view.data(vgSpec.marks[0].from.data).map(({ label_at: _, ...row }) => (
    Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== "object")) // packed columns
  ));
  view.finalize();
  return rows;
};

addEventListener("click", async ({ target }) => {
  if (!target.matches(".csv")) return;
  const rows = await rowsOf(await specificationOf(target));
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  const text = lines.map((line) => line.map(cell).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${[edition, target.dataset.name].filter(Boolean).join("-")}.csv`;
  link.click();
});
