// An image on its way through a network in training: filters, feature maps, scores; and the curves of the training.

import { Curves, bitmap, diverging, grey } from "../draw.js";
import { digits, element, short } from "../words.js";
import { channel, largest, matrix, tile } from "./tiles.js";

const LAYERS = ["conv1", "pool1", "conv2", "pool2"];

export default function training(root, lab) {
  const { t } = lab;
  const name = (k) => t(`class${k}`);
  const image = tile(t("image"));
  const scores = scoreTable(t, name);
  const gallery = makeGallery(lab, name);
  const right = element("div");
  right.style.flex = "1 1 250px";
  root.append(element("div", { class: "flow" }, image.element, scores.element, right), gallery.element);

  const rows = LAYERS.map((layer) => layerRow(lab, layer));
  for (const row of rows) root.append(...row.elements);
  root.append(element("p", { class: "help", text: t("bright") }));
  const closer = makeCloser(lab);
  root.append(element("h2", { text: t("softmax_of") }), scores.formula, scores.percent, closer.element);

  const curve = (words) => new Curves(right, {
    label: t(words), names: [t("batch"), t("test")], xlabel: t("steps"), ylabel: t(words), dashes: [[], [6, 3]], height: 120,
  });
  const plots = { loss: curve("curves_loss"), accuracy: curve("curves_accuracy") };

  return {
    draw(state, settings) {
      const best = state.top[0];
      const verdict = state.label === null ? t("your_image") : `${t("label_is")}: ${name(state.label)} – ${t(best === state.label ? "right" : "wrong")}`;
      image.show(bitmap(state.image.values, 28, 28, grey(), 0, 255), 140, verdict);
      scores.show(state);
      gallery.show(state, settings);
      for (const row of rows) row.show(state, settings);
      closer.show(state, settings);
      const count = state.losses.shape[0];
      const steps = Array.from({ length: count + 1 }, (_, i) => i);
      const tests = (k) => steps.map((i) => state.tests.values[2 * Math.floor(i / state.test_every) + k]);
      plots.loss.set([steps, [NaN, ...state.losses.values], tests(0)]);
      plots.accuracy.set([steps, [NaN, ...state.accuracies.values], tests(1)]);
    },
    destroy() {
      plots.loss.destroy();
      plots.accuracy.destroy();
    },
  };
}

// The seven highest scores with bars, and the softmax formula with the logits of this image.
function scoreTable(t, name) {
  const body = element("tbody");
  const head = ["class", "logit", "exponential", "probability"].map((one) => element("th", { scope: "col", text: t(one) }));
  const table = element("table", { class: "scores" }, element("caption", { text: t("scores_of") }), element("thead", {}, element("tr", {}, ...head)), body);
  const formula = element("p", { class: "working scroll", tabindex: "0", role: "group", "aria-label": t("softmax_of") });
  const percent = element("p", { class: "remark" });
  const power = (z) => [`e`, element("sup", { text: short(Number(z.toFixed(2))) })];
  return {
    element: element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("scores_of") }, table),
    formula,
    percent,
    show({ logits, scores, top }) {
      const z = Array.from(logits.values);
      // e^z of large logits is too large to write; then all are taken relative to the largest, which changes no score.
      const far = Math.max(...z) > 40 ? Math.max(...z) : 0;
      const powers = z.map((one) => Math.exp(one - far));
      const sum = powers.reduce((a, b) => a + b, 0);
      while (body.children.length < top.length) {
        body.append(element("tr", {}, element("th", { scope: "row" }), element("td"), element("td"), element("td", {}, element("span", { class: "bar" }), element("span"))));
      }
      top.forEach((k, i) => {
        const cells = body.children[i].children;
        cells[0].textContent = name(k);
        cells[1].textContent = digits(z[k]);
        cells[2].textContent = digits(powers[k]);
        cells[3].firstChild.style.width = `${Math.max(0, Math.min(1, scores.values[k])) * 70}px`;
        cells[3].lastChild.textContent = ` ${digits(scores.values[k])}`;
      });
      percent.textContent = `${t("percent")} ${top.map((one) => `${name(one)} (${(100 * scores.values[one]).toPrecision(2)})`).join("; ")}`;
      const k = top[0];
      const shifted = (one) => power(z[one] - far);
      const terms = z.flatMap((_, j) => (j ? [" + ", ...shifted(j)] : shifted(j)));
      formula.replaceChildren(
        `p(${name(k)}) = `, ...shifted(k), " / (", ...terms, ") = ", `${digits(powers[k])} / ${digits(sum)} = ${digits(scores.values[k])}`);
    },
  };
}

// The first test image of each class, as buttons.
function makeGallery(lab, name) {
  const tiles = Array.from({ length: 10 }, (_, k) => tile(name(k), "button", { type: "button", onclick: () => lab.set({ index: indices[k], drawing: "" }) }));
  let indices = [];
  let drawn = false;
  return {
    element: element("div", { class: "tiles", role: "group", "aria-label": lab.t("examples") }, ...tiles.map((one) => one.element)),
    show(state, settings) {
      indices = state.gallery_indices;
      tiles.forEach((one, k) => {
        if (!drawn) one.show(bitmap(state.gallery.values.subarray(784 * k, 784 * (k + 1)), 28, 28, grey(), 0, 255), 56);
        one.element.setAttribute("aria-pressed", String(!settings.drawing && settings.index === indices[k]));
      });
      drawn = true;
    },
  };
}

// All maps of a layer as buttons; above those of the first convolution its filters.
function layerRow(lab, layer) {
  const { t } = lab;
  const title = element("h2");
  const filters = element("div", { class: "tiles", tabindex: "0", role: "group", "aria-label": `${layer}: ${t("filters_of")}` });
  const maps = element("div", { class: "tiles", role: "group", "aria-label": `${layer}: ${t("maps_of")}` });
  let tiles = [];
  let filterTiles = [];
  return {
    elements: [title, filters, maps],
    show(state, settings) {
      const array = state.maps[layer];
      const [height, width, count] = array.shape;
      const kernel = state.kernels[layer];
      const counted = kernel ? `, ${t("filters_of")} ${count} × (${kernel.shape.slice(0, 3).join("×")})` : "";
      title.textContent = `${layer}: ${t("maps_of")} ${count} × (${height}×${width})${counted}`;
      if (tiles.length !== count) {
        tiles = Array.from({ length: count }, (_, k) => tile(String(k), "button", {
          type: "button", "aria-label": `${layer}, ${t("map_number")} ${k}`, onclick: () => lab.set({ layer, map: k }),
        }));
        maps.replaceChildren(...tiles.map((one) => one.element));
        filterTiles = layer === "conv1" ? tiles.map((_, k) => tile(`${t("filter_number")} ${k}`)) : [];
        for (const one of filterTiles) one.element.lastChild.className = "unseen";
        filters.replaceChildren(...filterTiles.map((one) => one.element));
        filters.hidden = !filterTiles.length;
      }
      if (filterTiles.length) {
        const most = largest(kernel.values);
        filterTiles.forEach((one, k) => one.show(bitmap(channel({ shape: [kernel.shape[0], kernel.shape[1], count], values: kernel.values }, k),
          kernel.shape[0], kernel.shape[1], diverging(), -most, most), 60));
      }
      tiles.forEach((one, k) => {
        const values = channel(array, k);
        one.show(bitmap(values, height, width, grey(), 0, largest(values)), 56);
        one.element.setAttribute("aria-pressed", String(settings.layer === layer && shownMap(state, settings) === k));
      });
    },
  };
}

// The chosen map; the last one where a layer has fewer.
const shownMap = (state, settings) => Math.min(settings.map, state.maps[settings.layer].shape[2] - 1);

// One map large, with its filter in numbers (first convolution) or as sheets (second), and the value below the pointer.
function makeCloser(lab) {
  const { t } = lab;
  const title = element("h2");
  const big = tile("");
  const value = element("pre", { class: "working", tabindex: "0", role: "group", "aria-label": t("pointed") });
  const numbers = matrix(t("filter_of_map"));
  const sheets = element("div", { class: "tiles", tabindex: "0", role: "group", "aria-label": t("filter_of_map") });
  const about = element("p", { class: "remark" });
  let tiles = [];
  let latest = null;
  let pointed = null;
  const tell = () => {
    if (!latest) return;
    const { values, width, height } = latest;
    const [i, j] = pointed || [];
    value.textContent = pointed && i < height && j < width ? `y[${i}, ${j}] = ${calculation(i, j)}${digits(values[i * width + j])}` : latest.most ? t("pointed") : t("dead");
  };
  // How a pixel of the first convolution comes from the image: bias and products, row by row of the filter.
  const calculation = (i, j) => {
    const { weight, rows, columns, bias, image } = latest;
    if (!weight) return "";
    const [top, left] = [i - Math.floor((rows - 1) / 2), j - Math.floor((columns - 1) / 2)];
    const pixel = (y, x) => (y < 0 || x < 0 || y > 27 || x > 27 ? 0 : image[y * 28 + x] / 255);
    const number = (one) => (one < 0 ? `(${one.toFixed(2)})` : one.toFixed(2)).replace("-", "−");
    const lines = Array.from({ length: rows }, (_, p) => Array.from({ length: columns }, (_, q) =>
      `${number(pixel(top + p, left + q))}·${number(weight(p, q, 0))}`).join(" + "));
    return `ReLU(\n  ${digits(bias)}\n  + ${lines.join("\n  + ")}\n) = `;
  };
  big.canvas.addEventListener("pointermove", (event) => {
    const box = big.canvas.getBoundingClientRect();
    pointed = latest && [Math.floor(((event.clientY - box.top) / box.height) * latest.height), Math.floor(((event.clientX - box.left) / box.width) * latest.width)];
    tell();
  });
  big.canvas.addEventListener("pointerleave", () => { pointed = null; tell(); });
  return {
    element: element("section", {}, title, element("div", { class: "flow" },
      element("div", {}, big.element, value), element("div", {}, numbers.element, sheets, about))),
    show(state, settings) {
      const { layer } = settings;
      const array = state.maps[layer];
      const [height, width] = array.shape;
      const k = shownMap(state, settings);
      const values = channel(array, k);
      latest = { values, height, width, most: values.some((one) => one !== 0) };
      const words = `${layer}, ${t("map_number")} ${k}`;
      title.textContent = `${t("closer")}: ${words}`;
      big.show(bitmap(values, height, width, grey(), 0, largest(values)), 224, words);
      const kernel = state.kernels[layer];
      if (layer === "conv1") {
        const [rows, columns, , count] = kernel.shape;
        Object.assign(latest, {
          rows, columns, bias: state.biases[layer].values[k], image: state.image.values,
          weight: (p, q) => kernel.values[(p * columns + q) * count + k],
        });
      }
      tell();
      numbers.element.hidden = layer !== "conv1";
      sheets.hidden = layer !== "conv2";
      about.textContent = kernel ? `${t("bias")} = ${digits(state.biases[layer].values[k])}` : "";
      if (!kernel) return;
      const [rows, columns, deep, count] = kernel.shape;
      const weight = (p, q, c) => kernel.values[((p * columns + q) * deep + c) * count + k];
      if (layer === "conv1") {
        numbers.set(rows, columns, (p, q) => ({ text: weight(p, q, 0).toFixed(2).replace("-", "−"), mark: "" }), `${t("filter_of_map")} ${rows}×${columns}`);
        return;
      }
      if (tiles.length !== deep) {
        tiles = Array.from({ length: deep }, (_, c) => tile(String(c)));
        sheets.replaceChildren(...tiles.map((one) => one.element));
      }
      about.textContent = `${t("filter_of_map")} ${rows}×${columns}×${deep}: ${t("per_input")}. ${about.textContent}`;
      const sheet = (c) => Float64Array.from({ length: rows * columns }, (_, i) => weight(Math.floor(i / columns), i % columns, c));
      const all = tiles.map((_, c) => sheet(c));
      const most = Math.max(...all.map(largest));
      tiles.forEach((one, c) => one.show(bitmap(all[c], rows, columns, diverging(), -most, most), 54));
    },
  };
}
