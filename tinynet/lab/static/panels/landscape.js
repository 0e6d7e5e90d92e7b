// A slice through the loss of a network, row by row.

import { Figure, bitmap, colour, flip, heights, perspective } from "../draw.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  const figure = new Figure(root, { label: t("picture_of"), ratio: 0.72, paint: () => state && paint() });

  function paint() {
    const { losses, extent } = state;
    const [rows, columns] = losses.shape;
    if (!state.numbers.rows) {
      figure.range([0, 1], [0, 1]);
      figure.text(0.5, 0.5, t("press_play"), { size: 15 });
      return;
    }
    // Like the lines of a map of mountains: equal steps of the logarithm.
    const values = losses.values.map((value) => (Number.isFinite(value) ? Math.log1p(value) : NaN));
    const side = [-extent, extent];
    if (settings.picture === "height") {
      const place = perspective(figure, values, rows, columns, side, side, colour("c0"));
      const [x, y] = place(0, 0);
      figure.dot(x, y, { color: colour("c1"), radius: 7 });
      if (Number.isFinite(x)) figure.text(x, y, `   ${t("here")}`, { align: "left" });
      return;
    }
    figure.range(side, side);
    const known = values.filter(Number.isFinite);
    const low = known.reduce((a, b) => Math.min(a, b), Infinity);
    const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
    figure.inside(() => {
      figure.image(bitmap(flip(values, rows, columns), rows, columns, heights(), low, high), side, side, true);
      const levels = Array.from({ length: 14 }, (_, i) => low + ((i + 0.5) / 14) * (high - low));
      figure.contours(values, rows, columns, side, side, levels, { color: colour("ink"), alpha: 0.4 });
      figure.dot(0, 0, { color: colour("c1"), radius: 7 });
      figure.text(0, 0, `   ${t("here")}`, { align: "left" });
    });
    figure.axes({ xlabel: "a", ylabel: "b" });
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      figure.redraw();
    },
    destroy: () => figure.destroy(),
  };
}
