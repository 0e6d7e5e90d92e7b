// The polynomial of the present degree, and both losses by degree.

import { Curves, Figure, colour, legendItems, series } from "../draw.js";
import { element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  const figure = new Figure(root, { label: t("fit_of"), ratio: 0.58, paint: () => state && paint() });
  figure.canvas.style.cursor = "crosshair";
  figure.canvas.addEventListener("click", (event) => {
    const [x, y] = figure.at(event);
    if (Math.abs(x) <= 1 && Math.abs(y) <= 3) lab.set({ points: [...settings.points, [x, y].map((one) => Number(one.toPrecision(4)))] });
  });
  const legend = element("ul", { class: "legend" });
  const holder = element("div");
  root.append(legend, element("h2", { text: t("losses_of") }), holder);
  const curves = new Curves(holder, {
    label: t("losses_of"), names: ["train", "validation"].map(t), xlabel: t("degree"), ylabel: t("loss"), log: true, dashes: [[], [8, 5]],
  });

  function paint() {
    const { train, validation, curve, x, truth } = state;
    figure.range([-1.05, 1.05], [-2.2, 2.2]);
    figure.inside(() => {
      for (let i = 0; i < validation.shape[0]; i++) figure.dot(validation.values[2 * i], validation.values[2 * i + 1], { color: series(1), radius: 2.5, edge: series(1), shape: "triangle" });
      if (truth) figure.line(x.values, truth.values, { color: colour("line"), dash: [6, 5] });
      figure.line(x.values, curve.values, { color: series(0), width: 3 });
      for (let i = 0; i < train.shape[0]; i++) figure.dot(train.values[2 * i], train.values[2 * i + 1], { color: colour("ink"), radius: 5 });
    });
    figure.axes({ xlabel: "x", ylabel: "y" });
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      figure.redraw();
      const items = [["ink", "points_train"], ["c1", "points_validation"], ["c0", "polynomial"], ...(state.truth ? [["line", "truth"]] : [])];
      legend.replaceChildren(...legendItems(items.map(([name, words]) => [colour(name), t(words)])));
      const count = state.losses.shape[0];
      const at = (k) => Array.from({ length: count }, (_, i) => Math.max(state.losses.values[2 * i + k], 1e-12));
      curves.set([Array.from({ length: count }, (_, i) => i), at(0), at(1)]);
    },
    destroy() {
      figure.destroy();
      curves.destroy();
    },
  };
}
