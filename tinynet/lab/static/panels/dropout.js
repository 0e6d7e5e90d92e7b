// The same mask on two networks, with the value of each unit; below, the averages over all masks so far.

import { Curves, Figure, colour, series } from "../draw.js";
import { element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  const columns = element("div", { class: "columns" });
  root.append(columns);
  const figures = ["plain", "inverted"].map((name) => {
    const box = element("div");
    columns.append(box);
    box.append(element("h2", { text: t(name) }));
    return new Figure(box, { label: t(name), ratio: 0.92, most: 460, paint: (figure) => state && paint(figure, name) });
  });
  root.append(element("h2", { text: t("averages") }));
  const holder = element("div");
  root.append(holder);
  const curves = new Curves(holder, {
    label: t("averages"), names: ["average_plain", "test_plain", "average_inverted", "test_inverted"].map(t), xlabel: t("draws"), ylabel: t("output"),
    colours: [series(0), series(0), series(1), series(1)], dashes: [[], [8, 5], [], [8, 5]],
  });

  function paint(figure, name) {
    const { x, units, kept, kernels } = state;
    const columnsOf = [x, ...units[name]].map((one) => Array.from(one.values ?? one));
    figure.box = { left: 8, right: 8, top: 8, bottom: 26 };
    figure.range([-0.5, columnsOf.length - 0.5], [0, 1]);
    const y = (count, i) => 1 - (i + 0.5) / count;
    const alive = (layer, i) => layer === 0 || layer === columnsOf.length - 1 || kept[layer - 1].values[i];
    kernels.forEach((kernel, k) => {
      const [from, to] = kernel.shape;
      for (let i = 0; i < from; i++) {
        for (let j = 0; j < to; j++) {
          const w = kernel.values[i * to + j];
          const on = alive(k, i) && alive(k + 1, j);
          figure.line([k, k + 1], [y(from, i), y(to, j)], {
            color: on ? colour(w > 0 ? "high" : "low") : colour("faint"), width: on ? 0.6 + 2 * Math.min(1, Math.abs(w)) : 0.8, dash: on ? [] : [3, 4],
          });
        }
      }
    });
    const radius = Math.min(19, figure.width / (columnsOf.length * 5.2), (figure.height - 34) / (2.4 * Math.max(...columnsOf.map((one) => one.length))));
    columnsOf.forEach((values, k) => values.forEach((value, i) => {
      const on = alive(k, i);
      const place = y(values.length, i);
      figure.dot(k, place, { radius, color: on ? colour("ground") : colour("paper"), edge: on ? colour("ink") : colour("line") });
      if (on) figure.text(k, place, value.toFixed(Math.abs(value) >= 10 ? 1 : 2).replace("-", "−"), { size: Math.max(9, radius * 0.62) });
      else {
        const [u, v] = [figure.px(k), figure.py(place)];
        const { pen } = figure;
        pen.save();
        pen.strokeStyle = colour("wrong");
        pen.lineWidth = 2.5;
        pen.beginPath();
        for (const s of [-1, 1]) {
          pen.moveTo(u - 0.62 * radius, v - 0.62 * s * radius);
          pen.lineTo(u + 0.62 * radius, v + 0.62 * s * radius);
        }
        pen.stroke();
        pen.restore();
      }
    }));
    const names = [t("input"), ...units[name].slice(0, -1).map((_, i) => `${t("hidden")} ${i + 1}`), t("out")];
    names.forEach((words, k) => {
      figure.pen.fillStyle = colour("soft");
      figure.pen.textAlign = "center";
      figure.pen.fillText(words, figure.px(k), figure.height - 8);
    });
  }

  return {
    draw(newState) {
      state = newState;
      figures.forEach((figure) => figure.redraw());
      const { averages, tests, first } = state;
      const count = averages.plain.shape[0];
      const steady = (value) => new Array(count).fill(value);
      curves.set([Array.from({ length: count }, (_, i) => first + i), averages.plain.values, steady(tests.plain), averages.inverted.values, steady(tests.inverted)]);
    },
    destroy() {
      figures.forEach((figure) => figure.destroy());
      curves.destroy();
    },
  };
}
