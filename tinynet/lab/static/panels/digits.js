// Initialization II: a batch of images and what the network makes of it, the Xavier experiment, variances by layer.

import { Curves, Figure, bitmap, colour, grey, series } from "../draw.js";
import { digits, element } from "../words.js";
import { makeExperiment, makeVariances, Histogram } from "./digits_layers.js";

const SIDE = 10; // images along a side of the grid
const CELL = 30; // pixels of an image with its margin
const ORDER = ["zero", "uniform", "xavier", "normal"]; // colours and dashes stay with the name
const DASHES = [[2, 3], [7, 4], [], [9, 3, 2, 3]];

export default function make(root, lab) {
  let part = null;
  let partOf = "";
  return {
    draw(state, settings) {
      if (partOf !== state.what) {
        partOf = state.what;
        part?.destroy();
        root.replaceChildren();
        part = { train: makeTraining, experiment: makeExperiment, variance: makeVariances }[state.what](root, lab);
      }
      part.draw(state, settings);
    },
    destroy() {
      part?.destroy();
    },
  };
}

function makeTraining(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let chosen = 0;
  let mosaic = null;
  const grids = element("div", { class: "columns" });
  const [inputBox, outputBox] = [element("div"), element("div")];
  inputBox.append(element("h2", { text: t("input_of") }));
  outputBox.append(element("h2", { text: t("output_of") }));
  grids.append(inputBox, outputBox);
  root.append(grids);
  const square = { ratio: 1, most: 400 };
  const inputs = new Figure(inputBox, { ...square, label: t("input_of"), paint: () => state && paintInputs() });
  const outputs = new Figure(outputBox, { ...square, label: t("output_of"), paint: () => state && paintOutputs() });
  for (const grid of [inputs, outputs]) {
    grid.box = { left: 0, right: 0, top: 0, bottom: 0 };
    const canvas = grid.canvas;
    canvas.tabIndex = 0;
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = grid.at(event);
      choose(Math.floor(SIDE - y), Math.floor(x));
    });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation(); // the page's arrows make steps
      choose(Math.floor(chosen / SIDE) + move[0], (chosen % SIDE) + move[1]);
    });
  }
  const legend = element("ul", { class: "legend" });
  const about = element("p", { class: "help", "aria-live": "polite", text: t("point") });
  root.append(legend, about, element("p", { class: "help", text: t("shapes") }), element("h2", { text: t("activations_of") }));
  const row = element("div", { class: "columns" });
  row.style.gridTemplateColumns = "repeat(auto-fit, minmax(min(100%, 140px), 1fr))";
  root.append(row);
  const histograms = [1, 2, 3, 4].map((i) => new Histogram(row, t, `A[${i}]`));
  root.append(element("h2", { text: t("costs_of") }));
  const curves = element("div");
  root.append(curves);
  let plot = null;
  let plotOf = "";
  let pointed = false;

  function choose(r, c) {
    if (r < 0 || c < 0 || r >= SIDE || c >= SIDE) return;
    chosen = r * SIDE + c;
    pointed = true;
    inputs.redraw();
    outputs.redraw();
    tell();
  }

  const name = (label) => (state.digits ? String(label) : t(`class${label}`));

  function tell() {
    if (!pointed) return;
    const [label, guess] = [state.labels.values[chosen], state.predicted.values[chosen]];
    const text = `${t("is")}: ${name(label)} · ${t("taken_for")}: ${name(guess)} · ${state.correct.values[chosen] ? t("right") : t("wrong")}`;
    if (about.textContent !== text) about.textContent = text; // screen readers repeat what is set
  }

  // 100 images as one picture, with a dark line between them.
  function join() {
    const width = SIDE * CELL;
    const values = new Uint8ClampedArray(width * width);
    const all = state.images.values;
    for (let i = 0; i < SIDE * SIDE; i++) {
      const corner = (Math.floor(i / SIDE) * CELL + 1) * width + (i % SIDE) * CELL + 1;
      for (let r = 0; r < 28; r++) values.set(all.subarray((i * 28 + r) * 28, (i * 28 + r + 1) * 28), corner + r * width);
    }
    return bitmap(values, width, width, grey(), 0, 255);
  }

  function paintInputs() {
    inputs.range([0, SIDE], [0, SIDE]);
    inputs.image(mosaic, [0, SIDE], [0, SIDE], true);
    mark(inputs);
  }

  function paintOutputs() {
    outputs.range([0, SIDE], [0, SIDE]);
    const { pen } = outputs;
    const size = outputs.width / SIDE;
    const [right, wrong, paper] = [colour("right"), colour("wrong"), colour("paper")];
    for (let i = 0; i < SIDE * SIDE; i++) {
      const [x, y] = [(i % SIDE) * size, Math.floor(i / SIDE) * size];
      const good = state.correct.values[i];
      pen.fillStyle = good ? right : wrong;
      pen.fillRect(x + 1.5, y + 1.5, size - 3, size - 3);
      if (!good) cross(pen, x + size / 2, y + size / 2, size * 0.2, paper);
    }
    mark(outputs);
  }

  function mark(grid) {
    if (!pointed) return;
    const size = grid.width / SIDE;
    grid.pen.strokeStyle = colour("c4");
    grid.pen.lineWidth = 3;
    grid.pen.strokeRect((chosen % SIDE) * size + 1.5, Math.floor(chosen / SIDE) * size + 1.5, size - 3, size - 3);
  }

  function showLegend() {
    const wrong = state.correct.values.reduce((sum, one) => sum + (one ? 0 : 1), 0);
    const item = (kind, count) => {
      const box = element("canvas", { class: "swatch", width: 14, height: 14, "aria-hidden": "true" });
      box.style.background = colour(kind);
      if (kind === "wrong") cross(box.getContext("2d"), 7, 7, 3.5, colour("paper"));
      return element("li", {}, box, `${t(kind)}: ${count}`);
    };
    legend.replaceChildren(item("right", SIDE * SIDE - wrong), item("wrong", wrong),
      element("li", {}, element("strong", { text: `${t("misclassified")}: ${wrong}/100` })),
      element("li", {}, element("strong", { text: `${t("cost")}: ${state.numbers.cost.toFixed(2)}` })));
  }

  function showCosts() {
    const names = Object.keys(state.costs);
    if (plotOf !== names.join()) {
      plotOf = names.join();
      plot?.destroy();
      curves.replaceChildren();
      plot = new Curves(curves, {
        label: t("costs_of"), xlabel: t("batches"), ylabel: t("cost"),
        names: [...names.map((one) => lab.option("initialization", one)), t("guessing")],
        colours: [...names.map((one) => series(ORDER.indexOf(one))), colour("soft")],
        dashes: [...names.map((one) => DASHES[ORDER.indexOf(one)]), [2, 6]],
        log: names.length > 1, // 27 and 0.7 in one picture
        include: [0],
      });
    }
    const count = state.costs[names[0]].values.length;
    // The present batch's cost is known for the chosen network alone.
    const present = (one) => (one === settings.initialization ? state.numbers.cost : NaN);
    plot.set([Array.from({ length: count + 1 }, (_, i) => i),
      ...names.map((one) => [...state.costs[one].values, present(one)]), Array(count + 1).fill(Math.LN10)]);
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      mosaic = join();
      inputs.redraw();
      outputs.redraw();
      tell();
      showLegend();
      histograms.forEach((one, i) => {
        const [mean, std, saturated] = state.moments[i];
        const counts = state.counts.values.subarray(i * state.counts.shape[1], (i + 1) * state.counts.shape[1]);
        one.set(counts, [-1, 1], mean, std, `${t("saturated")}: ${digits(Math.round(saturated * 100))}%`);
      });
      showCosts();
    },
    destroy() {
      for (const one of [inputs, outputs, ...histograms]) one.destroy();
      plot?.destroy();
    },
  };
}

function cross(pen, x, y, size, color) {
  pen.save();
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x - size, y - size);
  pen.lineTo(x + size, y + size);
  pen.moveTo(x + size, y - size);
  pen.lineTo(x - size, y + size);
  pen.stroke();
  pen.restore();
}
