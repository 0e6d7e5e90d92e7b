// The picture, what the transform makes of it, why (histogram, grid, numbers or mask), and the sheet of draws.

import { Figure, colour, series } from "../draw.js";
import { element, short } from "../words.js";
import { bars, tile } from "./augmentation_pictures.js";

const CHANNELS = [["red", "c1", []], ["green", "c2", [7, 4]], ["blue", "c0", [2, 3]]];

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  const about = element("p", { class: "about" });
  const row = element("div", { class: "pictures" });
  const [original, second, result, mask] = [tile(), tile(), tile(), tile()];
  const marks = { plus: element("span", { class: "sign", text: "+", "aria-hidden": "true" }), arrow: element("span", { class: "sign", text: "→", "aria-hidden": "true" }) };
  const numbers = element("figure", { class: "numbers-figure" });
  const targets = element("div");
  result.figure.append(targets);
  row.append(original.figure, marks.plus, second.figure, marks.arrow, result.figure, mask.figure, numbers);
  const why = element("div");
  const whyHead = element("h2");
  why.append(whyHead);
  const legend = element("ul", { class: "legend" });
  const figure = new Figure(why, { label: t("histogram_of"), ratio: 0.26, most: 620, paint: () => state && paint() });
  why.append(legend);
  const sheet = element("div", { class: "sheet" });
  const sheetHead = element("h2");
  const tiles = [];
  root.append(about, row, why, sheetHead, sheet);

  const kind = () => (state.histograms ? "histogram" : state.density ? "density" : "");
  const label = (name) => t(`label_${name}`);

  function paint() {
    if (kind() === "histogram") paintHistograms();
    else if (kind() === "density") paintDensity();
  }

  // Before to the left, after to the right, in one picture with two axes.
  function paintHistograms() {
    const { values, shape: [, channels, bins] } = state.histograms;
    const most = values.reduce((a, b) => Math.max(a, b), 1);
    const { width, height, pen } = figure;
    const half = (width - 46 - 12 - 34) / 2;
    [0, 1].forEach((when) => {
      figure.box = { left: 46 + when * (half + 34), right: width - 46 - half - when * (half + 34), top: 22, bottom: 36 };
      figure.range([0, 255], [0, 1.05 * Math.sqrt(most)]); // heights of square roots: rare values stay visible
      for (let c = 0; c < channels; c++) {
        const counts = values.subarray((when * channels + c) * bins, (when * channels + c + 1) * bins);
        const xs = Array.from(counts, (_, i) => [(256 / bins) * i, (256 / bins) * (i + 1)]).flat();
        const ys = Array.from(counts, (count) => [Math.sqrt(count), Math.sqrt(count)]).flat();
        figure.inside(() => figure.line(xs, ys, { color: colour(CHANNELS[c][1]), dash: CHANNELS[c][2], width: 1.8 }));
      }
      figure.axes({ xlabel: t("value"), ylabel: when ? "" : `√ ${t("pixels")}` });
      pen.textAlign = "center";
      pen.fillStyle = colour("ink");
      pen.fillText(t(when ? "result" : "original"), figure.box.left + half / 2, 13);
    });
  }

  function paintDensity() {
    const { values } = state.density;
    figure.box = { left: 46, right: 12, top: 12, bottom: 36 };
    const most = Math.min(4, values.reduce((a, b) => Math.max(a, b), 0));
    figure.range([0, 1], [0, 1.15 * most]);
    figure.inside(() => {
      figure.line(Array.from(values, (_, i) => (i + 0.5) / values.length), values, { color: series(0), width: 2.5 });
      for (const one of state.lambdas.values) figure.dot(one, 0.05 * most, { color: series(1), radius: 5 });
    });
    figure.axes({ xlabel: t("lambda"), ylabel: t("density") });
  }

  function showWhy() {
    const now = kind();
    why.hidden = !now;
    whyHead.textContent = now ? t(`${now}_of`) : "";
    figure.canvas.setAttribute("aria-label", whyHead.textContent);
    legend.replaceChildren(...(now === "histogram" ? CHANNELS.map(([name, color]) => {
      const box = element("span", { class: "swatch" });
      box.style.background = colour(color);
      return element("li", {}, box, t(name));
    }) : []));
    if (now) figure.redraw();
  }

  // PatchShuffle on 0 to 63: n x n windows, and a colour for each number that has moved.
  function showNumbers() {
    numbers.hidden = !state.moved;
    if (!state.moved) return;
    const { values, shape: [rows, columns] } = state.moved;
    const n = state.window;
    const cellAt = (i, j) => {
      const value = values[i * columns + j];
      const cell = element("td", { text: value });
      const inside = i < rows - (rows % n) && j < columns - (columns % n);
      cell.classList.toggle("window-top", inside && i % n === 0);
      cell.classList.toggle("window-left", inside && j % n === 0);
      if (value !== i * columns + j) {
        cell.classList.add("moved-number");
        cell.style.setProperty("--window", series(Math.floor(i / n) * (Math.floor(columns / n) + 1) + Math.floor(j / n)));
      }
      return cell;
    };
    const table = element("table", { class: "windows", "aria-label": t("numbers_of") }, element("tbody", {},
      ...Array.from({ length: rows }, (_, i) => element("tr", {}, ...Array.from({ length: columns }, (_, j) => cellAt(i, j))))));
    numbers.replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("numbers_of") }, table),
      element("figcaption", { text: t("numbers_of") }));
  }

  // Draws of one transform, or all of its kind; a press on one of these chooses it.
  function showSheet(settings) {
    const all = state.names.length > 0;
    sheetHead.textContent = t(all ? "all_of" : "draws_of");
    while (tiles.length < state.sheet.length) {
      const one = { ...tile(), bars: element("div"), name: "" };
      one.button = element("button", { type: "button", class: "choose", onclick: () => lab.set({ [lab.settings().group]: one.name }) });
      one.figure.append(one.button, one.bars);
      sheet.append(one.figure);
      tiles.push(one);
    }
    tiles.splice(state.sheet.length).forEach((one) => one.figure.remove());
    state.sheet.forEach((picture, i) => {
      const one = tiles[i];
      one.name = all ? state.names[i] : "";
      one.button.hidden = !all;
      one.figure.classList.toggle("chosen-tile", one.name === state.name);
      if (all) {
        const name = lab.option(settings.group, one.name);
        one.show(picture, name);
        one.caption.hidden = true;
        if (one.button.textContent !== name) one.button.textContent = name;
      } else {
        const drawn = () => Object.entries(state.drawn[i]).map(([name, value]) => `${name} ${short(Number(value.toPrecision(3)))}`);
        one.show(picture, `${t("seed")} ${state.seeds[i]}`, state.targets ? [] : state.chosen.values[i] ? drawn() : [t("left_alone")]);
        one.caption.hidden = false;
      }
      one.bars.replaceChildren(...(state.targets ? [shares(state.targets.values.subarray(2 * i, 2 * i + 2))] : []));
    });
  }

  const shares = ([first, other]) => bars([[label(state.label), first, "c0"], [label(state.partner_label), other, "c1"]]);
  const size = ({ shape: [height, width] }) => `${height} × ${width}`;

  return {
    draw(newState, settings) {
      state = newState;
      about.textContent = t(`about_${state.name}`);
      const mixes = Boolean(state.partner);
      original.show(state.original, t("original"), [label(state.label)]);
      second.figure.hidden = marks.plus.hidden = !mixes;
      if (mixes) second.show(state.partner, t("second"), [label(state.partner_label)]);
      result.show(state.result, t("result"), mixes ? [`${t("target")}:`] : [label(state.label), size(state.result)]);
      targets.replaceChildren(...(mixes ? [shares(state.target.values)] : []));
      mask.figure.hidden = !(state.mask || state.grid);
      if (state.mask) mask.show(state.mask, t("mask"));
      if (state.grid) mask.show(state.grid, t("grid_of"));
      showWhy();
      showNumbers();
      showSheet(settings);
    },
    destroy() {
      figure.destroy();
    },
  };
}
