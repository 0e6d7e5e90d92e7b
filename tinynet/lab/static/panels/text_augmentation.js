// Sentences with what has changed in them, vectors of words as heat maps, and a translation there and back.

import { Figure, bitmap, colour, diverging } from "../draw.js";
import { element, short } from "../words.js";
import { bars } from "./augmentation_pictures.js";

const TAGS = { old: "del", gone: "del", new: "ins", moved: "mark", same: "span" };
const RANGE = 2.5; // values of the heat maps

export default function make(root, lab) {
  const { t } = lab;
  let figures = [];
  let shown = ""; // what the page below is made for
  const body = element("div");
  root.append(body);

  const sentence = (parts) => element("p", { class: "traced" }, ...parts.flatMap(([text, kind]) => [element(TAGS[kind], { class: kind, text }), " "]));
  const legend = (...entries) => element("ul", { class: "legend" }, ...entries.map(([kind, words]) => element("li", {}, element(TAGS[kind], { class: `${kind} traced-sign`, text: t(words) }))));
  const variant = (words, name) => element("li", {}, element("div", {}, words, element("span", { class: "given", text: t(name) })));
  const card = (title, more, ...children) => element("article", { class: "card" }, element("h2", {}, element("span", { text: title }), element("span", { class: "given", text: more })), ...children);

  function showEda(state) {
    body.replaceChildren(
      element("p", { class: "traced whole" }, element("strong", { text: `${t("sentence")}: ` }), state.words.join(" ")),
      element("div", { class: "cards" }, ...state.operations.map(({ name, parts, on, given }) => card(
        t(name), on ? given : t("off"), element("p", { class: "help", text: t(`about_${name}`) }), sentence(parts)))),
      legend(["new", "new"], ["old", "old"], ["moved", "moved"]),
      element("h2", { text: t("all_of") }),
      element("ol", { class: "variants" }, ...state.variants.map(({ name, parts }) => variant(sentence(parts), name)),
        variant(sentence(state.words.map((word) => [word, "same"])), "itself")));
  }

  // The heat map of `rows` x `columns` values with a word before each row; `erased` parts are crossed.
  function heat(parent, caption) {
    let data = null;
    const title = element("h2", { class: "heat", text: caption });
    parent.append(title);
    const figure = new Figure(parent, { label: caption, ratio: 0.5, most: 430, paint: () => data && paint() });
    figures.push(figure);
    function paint() {
      const { values, rows, columns, names, erased } = data;
      figure.box = { left: 104, right: 8, top: 4, bottom: 34 };
      figure.range([0.5, columns + 0.5], [0, rows]);
      const { pen } = figure;
      figure.image(bitmap(values, rows, columns, diverging(), -RANGE, RANGE), figure.x, figure.y);
      pen.save();
      pen.fillStyle = colour("ink");
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      names.forEach((name, i) => pen.fillText(name, 100, figure.py(rows - i - 0.5), 98));
      pen.strokeStyle = colour("ink");
      pen.lineWidth = 1;
      pen.beginPath();
      if (erased) {
        erased.forEach((one, k) => {
          if (!one) return;
          const [i, j] = [Math.floor(k / columns), k % columns];
          pen.moveTo(figure.px(j + 0.5), figure.py(rows - i - 1));
          pen.lineTo(figure.px(j + 1.5), figure.py(rows - i));
        });
      }
      pen.stroke();
      pen.restore();
      figure.axes({ xlabel: t("component"), yticks: false });
    }
    return (given) => {
      data = given;
      const ratio = (22 * given.rows + 40) / Math.max(200, figure.width);
      if (Math.abs(ratio - figure.ratio) > 0.005) {
        figure.ratio = ratio;
        figure.resize();
      } else {
        figure.redraw();
      }
    };
  }

  let maps = null;
  function makeEmbedding() {
    const left = element("div");
    const right = element("div");
    const targets = element("div");
    const dropped = element("div");
    body.replaceChildren(element("div", { class: "columns" }, left, right), element("ul", { class: "legend" }, ...[["low", "negative"], ["middle", "zero"], ["high", "positive"]].map(([name, words]) => {
      const box = element("span", { class: "swatch edged" });
      box.style.background = colour(name);
      return element("li", {}, box, t(words));
    })), element("h2", { class: "heat", text: t("dropout_of") }), dropped);
    maps = { first: heat(left, t("first_of")), second: heat(left, t("second_of")), mixed: heat(right, t("mixed_of")) };
    right.append(targets);
    Object.assign(maps, { cut: heat(right, t("cut_of")), encodings: heat(left, t("encodings_of")), targets, dropped });
  }

  function showEmbedding(state) {
    const { x, sentences } = state;
    const [, length, columns] = x.shape;
    const names = sentences.map((words) => Array.from({ length }, (_, i) => words[i] ?? t("padding")));
    const part = (i) => x.values.subarray(i * length * columns, (i + 1) * length * columns);
    maps.first({ values: part(0), rows: length, columns, names: names[0] });
    maps.second({ values: part(1), rows: length, columns, names: names[1] });
    const both = names[0].map((name, i) => (sentences[0][i] && sentences[1][i] ? `${name} + ${sentences[1][i]}` : sentences[0][i] ?? sentences[1][i]));
    maps.mixed({ values: state.mixed.values, rows: length, columns, names: both });
    maps.cut({ values: state.cut.values, rows: state.cut.shape[0], columns, names: sentences[0], erased: state.erased_part.values });
    maps.encodings({ values: state.encodings.values, rows: 3, columns, names: ["x₁", "x₂", t("mix")] });
    const [first, second] = state.target.values;
    maps.targets.replaceChildren(bars([[t("first_label"), short(first) * 1, "c0"], [t("second_label"), short(second) * 1, "c1"]]));
    maps.dropped.replaceChildren(sentence(state.dropped));
  }

  function showPivot(state) {
    const titles = [t("sentence"), t("there"), t("back")];
    body.replaceChildren(...state.rows.flatMap((parts, i) => [
      ...(i ? [element("p", { class: "down", text: "↓", "aria-hidden": "true" })] : []), card(titles[i], "", sentence(parts))]),
    legend(["new", "new"]), element("p", { class: "help", text: t("engines") }));
  }

  return {
    draw(state) {
      if (shown !== state.part) {
        shown = state.part;
        figures.forEach((figure) => figure.destroy());
        figures = [];
        if (shown === "embedding") makeEmbedding();
      }
      if (shown === "eda") showEda(state);
      else if (shown === "embedding") showEmbedding(state);
      else showPivot(state);
    },
    destroy() {
      figures.forEach((figure) => figure.destroy());
    },
  };
}
