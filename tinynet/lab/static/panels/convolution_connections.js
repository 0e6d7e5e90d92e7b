// A dense layer and a convolution as networks: who is connected to whom, and by how many different weights.

import { Figure, colour, series, table } from "../draw.js";
import { digits, element } from "../words.js";

export default function connections(root, lab) {
  const { t } = lab;
  let state = null;
  const panes = ["dense", "convolution"].map((name) => {
    const pane = element("div");
    const title = element("h2", { text: t(name) });
    pane.append(title);
    return { name, pane, figure: null };
  });
  const columns = element("div", { class: "columns" }, ...panes.map((one) => one.pane));
  const legend = element("ul", { class: "legend" });
  root.append(columns, legend, element("h2", { text: t("counts_of") }));
  for (const one of panes) {
    one.figure = new Figure(one.pane, { label: t(one.name), ratio: 0.7, most: 520, paint: () => state && paint(one) });
  }
  const below = element("div", { class: "columns" });
  const curves = element("div");
  const counts = element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("counts_of") });
  below.append(curves, counts);
  root.append(below);
  const plot = new Figure(curves, { label: t("counts_of"), ratio: 0.8, most: 460, paint: () => state && paintCounts() });
  let counted = "";

  // What an output of the last layer sees, layer by layer from the top down.
  function seen(weight) {
    const [units] = state.matrix.shape;
    const levels = [new Set([state.unit])];
    for (let k = 0; k < state.layers; k++) {
      const next = new Set();
      for (const i of levels[0]) for (let j = 0; j < units; j++) if (weight(i, j)) next.add(j);
      levels.unshift(next);
    }
    return levels;
  }

  function paint({ name, figure }) {
    const [units] = state.matrix.shape;
    const weight = name === "dense" ? () => 1 : (i, j) => state.matrix.values[i * units + j];
    const levels = seen(weight);
    figure.box = { left: 84, right: 14, top: 18, bottom: 18 };
    figure.range([0, units - 1], [-0.1, state.layers + 0.1]);
    const color = (i, j) => (name === "dense" ? colour("line") : series(weight(i, j) - 1));
    for (const strong of [false, true]) {
      for (let k = 0; k < state.layers; k++) {
        for (let i = 0; i < units; i++) {
          for (let j = 0; j < units; j++) {
            if (!weight(i, j) || levels[k + 1].has(i) !== strong) continue;
            figure.line([j, i], [k, k + 1], { color: strong && name === "dense" ? colour("ink") : color(i, j), width: strong ? 2.5 : 1.2, alpha: strong ? 1 : name === "dense" ? 0.35 : 0.4 });
          }
        }
      }
    }
    const radius = Math.min(9, figure.width / units / 4);
    levels.forEach((set, k) => {
      for (let i = 0; i < units; i++) {
        figure.dot(i, k, { radius, color: set.has(i) ? colour(k === state.layers ? "c0" : "c1") : colour("paper"), edge: colour("ink") });
      }
    });
    const { pen } = figure;
    pen.fillStyle = colour("ink");
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(`${t("layer_input")} x`, 2, figure.py(0));
    pen.fillText(`${t("layer_output")} y`, 2, figure.py(state.layers));
  }

  const column = (k) => Array.from({ length: state.counts.shape[0] }, (_, i) => state.counts.values[i * state.counts.shape[1] + k]);

  // Both axes are logarithmic: a line as steep as 4 is a number that grows with the fourth power of the side.
  function paintCounts() {
    const [sides, dense, conv] = [column(0), column(1), column(2)].map((values) => values.map(Math.log10));
    const { pen } = plot;
    plot.box = { left: 56, right: 16, top: 12, bottom: 44 };
    plot.range([sides[0], sides[sides.length - 1]], [0, 10]);
    pen.strokeStyle = colour("faint");
    pen.fillStyle = colour("ink");
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let power = 0; power <= 10; power += 2) {
      plot.line(plot.x, [power, power], { color: colour("faint"), width: 1 });
      pen.fillText(`10${[...String(power)].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[one]).join("")}`, 50, plot.py(power));
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    column(0).forEach((side, i) => { if (![28, 128].includes(side)) pen.fillText(side, plot.px(sides[i]), plot.height - 40); });
    pen.fillText(t("image_side"), (plot.width + 40) / 2, plot.height - 18);
    for (const [ys, name, k] of [[dense, "dense_layer", 0], [conv, "conv_layer", 1]]) {
      plot.line(sides, ys, { color: series(k), width: 2.5 });
      sides.forEach((x, i) => plot.dot(x, ys[i], { color: series(k), radius: 4, shape: k ? "square" : "circle" }));
      plot.text(sides[3], ys[3] + (k ? 0.6 : 0.9), t(name), { color: series(k), align: k ? "center" : "right", bold: true });
    }
  }

  return {
    draw(newState) {
      state = newState;
      legend.replaceChildren(...Array.from({ length: state.taps }, (_, k) => {
        const box = element("span", { class: "swatch" });
        box.style.background = series(k);
        return element("li", {}, box, `${t("shared")} w${k + 1}`);
      }));
      for (const one of panes) one.figure.redraw();
      const key = Array.from(state.counts.values).join();
      if (key === counted) return;
      counted = key;
      const [sides, dense, conv] = [column(0), column(1), column(2)];
      plot.redraw();
      counts.replaceChildren(table(t("parameters"), [t("pixels"), t("dense_layer"), t("conv_layer"), t("times")],
        sides.map((side, i) => [`${side} × ${side}`, digits(dense[i]), digits(conv[i]), digits(Math.round(dense[i] / conv[i]))])));
    },
    destroy() {
      for (const one of panes) one.figure.destroy();
      plot.destroy();
    },
  };
}
