// Histograms of activations, and the two pictures of `digits` that need no images.

import { Figure, colour, series, table, ticks } from "../draw.js";
import { digits, element, short } from "../words.js";

const SLIDE = [0.63, 0.49, 0.41, 0.36, 0.32, 0.3]; // standard deviations on the slide

const LIMIT = 8; // powers of ten of a variance that are shown: beyond, nothing can be told apart

// A histogram with its title, mean and standard deviation above it.
export class Histogram {
  constructor(parent, t, title) {
    this.t = t;
    this.title = title;
    const box = element("div");
    this.words = element("p", { class: "help" });
    box.append(element("strong", { text: title }), this.words);
    parent.append(box);
    this.figure = new Figure(box, { label: title, ratio: 0.62, most: 420, paint: (figure) => this.paint(figure) });
    this.figure.box = { left: 40, right: 8, top: 8, bottom: 22 };
  }

  set(counts, bounds, mean, std, more = "") {
    Object.assign(this, { counts, bounds, mean, std });
    const fixed = (value) => (Math.abs(value) < 1000 && (Math.abs(value) >= 0.005 || value === 0)
      ? value.toFixed(2).replace("-", "−") : digits(value));
    this.words.textContent = `${this.t("mean")} ${fixed(Math.abs(mean) < 0.005 ? 0 : mean)} · ${this.t("std")} ${fixed(std)}${more ? ` · ${more}` : ""}`;
    this.figure.canvas.setAttribute("aria-label", `${this.title}: ${this.words.textContent}`);
    this.figure.redraw();
  }

  paint(figure) {
    if (!this.counts) return;
    const total = this.counts.reduce((sum, one) => sum + one, 0);
    const [low, high] = this.bounds;
    if (!total) {
      figure.range([low, high], [0, 1]);
      figure.axes();
      figure.text((low + high) / 2, 0.5, this.t("not_finite"));
      return;
    }
    const shares = Array.from(this.counts, (one) => one / total);
    const edges = Array.from({ length: shares.length + 1 }, (_, i) => low + ((high - low) * i) / shares.length);
    const room = (high - low) * 0.02;
    figure.range([low - room, high + room], [0, Math.max(...shares) * 1.08]);
    figure.bars(edges, shares);
    figure.axes();
    // The ends of the range, where a small picture has no ticks.
    const there = ticks(...figure.x, Math.max(2, (figure.width - figure.box.left - figure.box.right) / 80));
    const { pen } = figure;
    pen.save();
    pen.fillStyle = colour("ink");
    pen.textBaseline = "top";
    for (const [value, align] of [[low, "left"], [high, "right"]]) {
      pen.textAlign = align;
      if (!there.includes(value)) pen.fillText(short(value), figure.px(value), figure.height - figure.box.bottom + 6);
    }
    pen.restore();
  }

  destroy() {
    this.figure.destroy();
  }
}

// Six histograms, as on the slide.
export function makeExperiment(root, lab) {
  const { t } = lab;
  let boxes = [];
  root.append(element("h2", { text: t("experiment_of") }));
  const row = element("div", { class: "columns" });
  row.style.gridTemplateColumns = "repeat(auto-fit, minmax(min(100%, 240px), 1fr))";
  const hint = element("p", { text: t("press") });
  root.append(hint, row);

  return {
    draw(state, settings) {
      hint.hidden = state.layers.length > 0;
      while (boxes.length > state.layers.length) {
        boxes.pop().destroy();
        row.lastChild.remove();
      }
      const slide = settings.weights === "xavier" && settings.activation === "tanh";
      state.layers.forEach((layer, i) => {
        if (!boxes[i]) boxes.push(new Histogram(row, t, `${t("layer")} ${i + 1}`));
        const more = slide ? [`${t("slide_std")} ${SLIDE[i].toFixed(2)}`] : [];
        if (layer.units < state.numbers.width) more.push(`${digits(layer.units)}/${digits(state.numbers.width)} ${t("units")}`);
        boxes[i].set(layer.counts.values, layer.bounds, layer.mean, layer.std, more.join(" · "));
      });
    },
    destroy() {
      for (const one of boxes) one.destroy();
    },
  };
}

// Variances over layers in powers of ten: measured, and by Din Var(x) Var(w).
export function makeVariances(root, lab) {
  const { t } = lab;
  const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
  const SHAPES = ["circle", "square", "triangle"];
  let state = null;
  let settings = null;
  root.append(element("h2", { text: t("variances_of") }));
  const figure = new Figure(root, { label: t("variances_of"), ratio: 0.58, most: 900, paint: () => state && paint() });
  figure.box.left = 58;
  const legend = element("ul", { class: "legend" });
  const lines = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("table_of") });
  lines.style.overflowWrap = "normal"; // no number is broken
  root.append(legend, lines);
  const column = (row, k) => Array.from({ length: row.variances.shape[0] }, (_, i) => row.variances.values[6 * i + k]);
  const log = (values) => values.map((one) => (one > 0 && Number.isFinite(one) ? Math.log10(one) : NaN));

  function paint() {
    const all = state.rows.map((row) => log([...column(row, 0).slice(0, 1), ...column(row, 5)]));
    const finite = all.flat().filter(Number.isFinite);
    const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [-1, 1];
    figure.range([0, settings.depth * 1.02], [Math.max(low, -LIMIT) - 0.3, Math.min(high, LIMIT) + 0.3]);
    figure.line(figure.x, [0, 0], { color: colour("line"), width: 1 });
    figure.inside(() => all.forEach((values, i) => {
      const xs = values.map((_, k) => k);
      figure.line(xs, values, { color: series(i), dash: DASHES[i % 4] });
      if (settings.depth <= 25) xs.forEach((x, k) => figure.dot(x, values[k], { color: series(i), radius: 3.5, shape: SHAPES[i % 3] }));
    }));
    figure.axes({ xlabel: t("layer"), ylabel: `log₁₀ ${t("variance")}` });
    if (!state.rows.length) figure.text(settings.depth / 2, 0, t("nothing"));
  }

  // A line as in the picture, with its dash and its mark.
  function sample(i) {
    const canvas = element("canvas", { width: 72, height: 28, "aria-hidden": "true" });
    canvas.style.width = "36px";
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    pen.strokeStyle = pen.fillStyle = series(i);
    pen.lineWidth = 2;
    pen.setLineDash(DASHES[i % 4]);
    pen.beginPath();
    pen.moveTo(1, 7);
    pen.lineTo(35, 7);
    pen.stroke();
    pen.beginPath();
    if (i % 3 === 0) pen.arc(18, 7, 4, 0, 2 * Math.PI);
    else if (i % 3 === 1) pen.rect(14, 3, 8, 8);
    else for (const [x, y] of [[18, 2], [23, 11], [13, 11]]) pen.lineTo(x, y);
    pen.fill();
    return canvas;
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      figure.redraw();
      legend.replaceChildren(...state.rows.map((row, i) => {
        return element("li", {}, sample(i), lab.option("compared", row.name));
      }));
      const last = state.rows.filter((row) => row.variances.shape[0]).map((row) => [lab.option("compared", row.name),
        ...[0, 1, 2, 3, 4, 5].map((k) => column(row, k).pop())]);
      lines.replaceChildren(last.length ? table(`${t("table_of")} (${t("layer")} ${state.numbers.layer})`,
        [t("init"), "Var(x)", "Var(w)", t("measured"), "Din (E[x²]E[w²] − E[x]²E[w]²)", "Din Var(x) Var(w)", t("after")], last) : element("p", { text: t("press") }));
    },
    destroy() {
      figure.destroy();
    },
  };
}
