// Batch normalization: inputs of a layer over training, three kinds of statistics, Algorithms 1 and 2 line by line.

import { Curves, Figure, colour, series } from "../draw.js";
import { element } from "../words.js";
import { makeAlgorithm1, makeAlgorithm2 } from "./batchnorm_algorithms.js";
import { column, fill, lineLegend, rangeOf, wide } from "./batchnorm_lines.js";

export default function make(root, lab) {
  let part = null;
  let partOf = "";
  return {
    draw(state, settings) {
      if (partOf !== state.what) {
        partOf = state.what;
        part?.destroy();
        root.replaceChildren();
        part = { shift: makeShift, statistics: makeStatistics, algorithm1: makeAlgorithm1, algorithm2: makeAlgorithm2 }[state.what](root, lab);
      }
      part.draw(state, settings);
    },
    destroy() {
      part?.destroy();
    },
  };
}

// Two bands of quantiles side by side, on one scale; the losses below.
function makeShift(root, lab) {
  const { t } = lab;
  const looks = { with: { color: () => series(0), dash: [] }, without: { color: () => series(1), dash: [7, 4] } };
  let state = null;
  root.append(element("h2", { text: t("bands_of") }));
  const row = element("div", { class: "columns" });
  root.append(row);
  const figures = Object.keys(looks).map((name) => {
    const box = element("div");
    box.append(element("strong", { text: t(name) }));
    row.append(box);
    return wide(new Figure(box, { label: `${t("bands_of")}: ${t(name)}`, ratio: 0.75, paint: (figure) => state && paint(figure, name) }));
  });
  const legend = lineLegend([]);
  root.append(legend, element("h2", { text: t("losses_of") }));
  const plot = new Curves(root, {
    label: t("losses_of"), names: Object.keys(looks).map(t), xlabel: t("steps"), ylabel: t("loss"),
    colours: Object.values(looks).map((one) => one.color()), dashes: Object.values(looks).map((one) => one.dash),
  });

  function paint(figure, name) {
    const bands = Object.values(state.bands);
    const count = bands[0].shape[0];
    figure.range([0, Math.max(10, count - 1)], rangeOf(bands.map((one) => one.values)));
    const steps = Array.from({ length: count }, (_, i) => i);
    const [low, middle, high] = [0, 1, 2].map((k) => column(state.bands[name], k));
    const { color, dash } = looks[name];
    figure.inside(() => {
      figure.line(figure.x, [0, 0], { color: colour("line"), width: 1 });
      fill(figure, steps, low, high, color());
      figure.line(steps, low, { color: color(), width: 1 });
      figure.line(steps, high, { color: color(), width: 1 });
      figure.line(steps, middle, { color: color(), width: 2.5, dash });
    });
    figure.axes({ xlabel: t("steps"), ylabel: t("input") });
  }

  return {
    draw(newState) {
      state = newState;
      figures.forEach((one) => one.redraw());
      legend.replaceChildren(...lineLegend([
        ...Object.entries(looks).map(([name, look]) => ({ words: `${t("median")}, ${t(name)}`, color: look.color(), dash: look.dash })),
        { words: t("band"), color: colour("soft"), width: 9, alpha: 0.35 },
      ]).children);
      const count = state.losses.with.values.length;
      plot.set([Array.from({ length: count }, (_, i) => i + 1), state.losses.with.values, state.losses.without.values]);
    },
    destroy() {
      figures.forEach((one) => one.destroy());
      plot.destroy();
    },
  };
}

// Mean and variance of a unit: of each batch, as a moving average, of the population.
function makeStatistics(root, lab) {
  const { t } = lab;
  let state = null;
  const row = element("div", { class: "columns" });
  root.append(row);
  const figures = ["means_of", "variances_of"].map((name, k) => {
    const box = element("div");
    box.append(element("h2", { text: t(name) }));
    row.append(box);
    return wide(new Figure(box, { label: t(name), ratio: 0.85, paint: (figure) => state && paint(figure, k) }));
  });
  const legend = lineLegend([]);
  root.append(legend);

  function paint(figure, k) {
    const count = state.moving.shape[0];
    const [batch, moving, population] = [state.batch, state.moving, state.population].map((one) => column(one, k));
    const biased = population.map((one) => one / state.numbers.correction);
    const every = population.map((_, i) => i * state.every);
    // Of the batches the middle 96 %: single ones of two images would press all else together.
    const sorted = [...batch].sort((a, b) => a - b);
    const middle = sorted.slice(Math.floor(sorted.length * 0.02), Math.ceil(sorted.length * 0.98));
    const range = rangeOf([middle, moving, population, k ? [0] : []]);
    figure.range([0, Math.max(10, count - 1)], k ? [0, range[1]] : range);
    figure.inside(() => {
      batch.forEach((one, i) => figure.dot(i + 1, one, { color: series(6), edge: series(6), radius: 1.6 }));
      figure.line(moving.map((_, i) => i), moving, { color: series(0), width: 2.5 });
      if (k) figure.line(every, biased, { color: series(3), width: 2, dash: [2, 3] });
      figure.line(every, population, { color: series(1), width: 2.5, dash: [7, 4] });
      population.forEach((one, i) => figure.dot(every[i], one, { color: series(1), radius: 3.5, shape: "square" }));
    });
    figure.axes({ xlabel: t("steps"), ylabel: k ? t("variance") : t("mean") });
  }

  return {
    draw(newState) {
      state = newState;
      figures.forEach((one) => one.redraw());
      legend.replaceChildren(...lineLegend([
        { words: t("of_batch"), color: series(6), dash: [2, 5] }, { words: t("of_moving"), color: series(0) },
        { words: t("of_population"), color: series(1), dash: [7, 4] }, { words: t("of_biased"), color: series(3), dash: [2, 3] },
      ]).children);
    },
    destroy() {
      figures.forEach((one) => one.destroy());
    },
  };
}
