// Contours of the loss, the ball that the solution touches, and its path.

import { Figure, colour, legendItems, series, table } from "../draw.js";
import { element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let dragged = null;
  const figure = new Figure(root, { label: t("picture_of"), ratio: 0.85, most: 640, paint: () => state && paint() });
  const legend = element("ul", { class: "legend" });
  const example = element("div", { class: "scroll", tabindex: "0" });
  root.append(legend, example);
  figure.onDrag(
    (x, y) => settings && Math.hypot(figure.px(x) - figure.px(settings.centre[0]), figure.py(y) - figure.py(settings.centre[1])) < 24,
    (x, y, done) => {
      dragged = done ? null : [x, y];
      lab.set({ centre: [x, y].map((one) => Math.max(-2, Math.min(2, one))) });
      figure.redraw();
    });

  function paint() {
    const { path, curvature, norm } = state;
    const [h00, h01, , h11] = curvature.values;
    const [cx, cy] = dragged || settings.centre;
    figure.range([-2.3, 2.3], [-2, 2], true);
    const n = 81;
    const values = new Float32Array(n * n);
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        const x = figure.x[0] + (c / (n - 1)) * (figure.x[1] - figure.x[0]) - cx;
        const y = figure.y[0] + (r / (n - 1)) * (figure.y[1] - figure.y[0]) - cy;
        values[r * n + c] = (h00 * x * x + 2 * h01 * x * y + h11 * y * y) / 2;
      }
    }
    figure.inside(() => {
      const levels = Array.from({ length: 12 }, (_, i) => ((i + 1) / 12) ** 2 * 6);
      figure.contours(values, n, n, figure.x, figure.y, levels, { color: colour("ink"), alpha: 0.3 });
      figure.line(figure.x, [0, 0], { color: colour("line"), width: 1 });
      figure.line([0, 0], figure.y, { color: colour("line"), width: 1 });
      const { radius, loss } = state.numbers;
      const angles = Array.from({ length: 121 }, (_, i) => (i / 120) * 2 * Math.PI);
      const ball = norm === 1 ? [[radius, 0, -radius, 0, radius], [0, radius, 0, -radius, 0]]
        : [angles.map((a) => radius * Math.cos(a)), angles.map((a) => radius * Math.sin(a))];
      figure.line(...ball, { color: series(1), width: 3 });
      if (loss > 1e-9) figure.contours(values, n, n, figure.x, figure.y, [loss], { color: series(0), width: 2.5, alpha: 1 });
      const count = path.shape[0];
      const at = (k) => Array.from({ length: count }, (_, i) => path.values[2 * i + k]);
      figure.line(at(0), at(1), { color: series(2), width: 3 });
      figure.dot(cx, cy, { color: colour("paper"), edge: colour("ink"), radius: 7 });
      const [x, y] = [path.values[2 * count - 2], path.values[2 * count - 1]];
      figure.dot(x, y, { color: series(2), radius: 7 });
      figure.text(cx, cy, cx > 0.9 ? `${t("minimum")}   ` : `   ${t("minimum")}`, { align: cx > 0.9 ? "right" : "left" });
      figure.text(x, y, `   ${t("solution")}`, { align: "left", baseline: "top", bold: true });
    });
    figure.axes({ xlabel: "w₀", ylabel: "w₁" });
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      figure.redraw();
      const items = [["c1", "ball"], ["c0", "loss"], ["c2", "path"]];
      legend.replaceChildren(...legendItems(items.map(([name, words]) => [colour(name), t(words)])));
      example.replaceChildren(table(`${t("example")}, x = [1, 1, 1, 1]`, ["", t("weights"), t("output"), "Σ|w|", "Σw²"],
        state.example.map(([name, weights, ...rest]) => [name, `[${weights.join(", ")}]`, ...rest])));
    },
    destroy: () => figure.destroy(),
  };
}
