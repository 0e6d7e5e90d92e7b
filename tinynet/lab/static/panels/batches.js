// Three paths over one loss surface, what each cost, and the lines that they stand for.

import { Curves, Figure, bitmap, colour, flip, heights, legendItems, series, table } from "../draw.js";
import { digits, element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  const columns = element("div", { class: "columns" });
  const left = element("div");
  const right = element("div");
  columns.append(left, right);
  root.append(columns);
  const surface = new Figure(left, { label: t("picture_of"), ratio: 0.9, most: 520, paint: () => state && paintPaths() });
  const lines = new Figure(right, { label: t("picture_of"), ratio: 0.9, most: 520, paint: () => state && paintLines() });
  const legend = element("ul", { class: "legend" });
  const costs = element("div", { class: "scroll", tabindex: "0" });
  const curves = element("div");
  root.append(legend, costs, element("h2", { text: t("losses_of") }), curves);
  const plot = new Curves(curves, {
    label: t("losses_of"), names: ["batch", "mini", "stochastic"].map(t), xlabel: t("steps"), ylabel: t("loss"), log: true,
  });

  function paintPaths() {
    const { height, bounds, walks } = state;
    const [rows, cols] = height.shape;
    const [x, y] = [bounds.slice(0, 2), bounds.slice(2, 4)];
    const values = height.values.map(Math.log1p);
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    surface.range(x, y);
    surface.inside(() => {
      surface.image(bitmap(flip(values, rows, cols), rows, cols, heights(), low, high), x, y, true);
      const levels = Array.from({ length: 12 }, (_, i) => low + ((i + 0.4) / 12) ** 2 * (high - low));
      surface.contours(values, rows, cols, x, y, levels, { alpha: 0.3 });
      walks.forEach((walk, i) => {
        const count = walk.path.shape[0];
        const at = (k) => Array.from({ length: count }, (_, n) => walk.path.values[2 * n + k]);
        surface.line(at(0), at(1), { color: series(i), width: i === 0 ? 3 : 1.6 });
        surface.dot(walk.path.values[2 * count - 2], walk.path.values[2 * count - 1], { color: series(i), radius: 6 });
      });
    });
    surface.axes({ xlabel: "w", ylabel: "b" });
  }

  function paintLines() {
    const { data, walks } = state;
    const at = (k) => Array.from({ length: data.shape[0] }, (_, n) => data.values[2 * n + k]);
    const [xs, ts] = [at(0), at(1)];
    lines.range([-3, 3], [-4, 4]);
    lines.inside(() => {
      xs.forEach((x, i) => lines.dot(x, ts[i], { color: colour("line"), radius: 2.5 }));
      walks.forEach((walk, i) => {
        const count = walk.path.shape[0];
        const [w, b] = [walk.path.values[2 * count - 2], walk.path.values[2 * count - 1]];
        lines.line([-3, 3], [b - 3 * w, b + 3 * w], { color: series(i), width: 2.5 });
      });
    });
    lines.axes({ xlabel: "x", ylabel: "t" });
  }

  return {
    draw(newState) {
      state = newState;
      legend.replaceChildren(...legendItems(state.walks.map((walk, i) => [series(i), t(walk.name)])));
      costs.replaceChildren(table(t("costs"), ["method", "per_update", "updates", "samples_used", "epochs"].map(t),
        state.walks.map((walk) => [t(walk.name), walk.per_update, walk.updates, walk.samples, digits(Math.round(walk.epochs * 100) / 100)])));
      surface.redraw();
      lines.redraw();
      const count = state.walks[0].losses.values.length;
      plot.set([Array.from({ length: count }, (_, i) => i), ...state.walks.map((walk) => walk.losses.values)]);
    },
    destroy() {
      surface.destroy();
      lines.destroy();
      plot.destroy();
    },
  };
}
