// Your model: its layers, its losses, the chosen layer over time, its mistakes.

import { Curves, Figure, bitmap, colour, grey, series } from "../draw.js";
import { digits, element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  const warnings = element("ul", { class: "warnings" });
  const ranks = element("div");
  const layers = element("div", { class: "scroll", tabindex: "0" });
  const columns = element("div", { class: "columns" });
  const left = element("div");
  const right = element("div");
  const maps = element("div", { class: "tiles" });
  const report = element("div", { class: "columns" });
  columns.append(left, right);
  root.append(warnings, ranks, layers, columns, maps, report);
  const ridges = new Figure(left, { label: t("over_time"), ratio: 0.8, most: 520, paint: () => state && paintRidges() });
  const running = new Curves(right, { label: t("running"), names: [t("loss")], xlabel: t("batch"), ylabel: t("loss") });
  const history = element("div");
  right.append(history);
  let plot = null;
  let plotOf = "";

  // The processes that train it together, if there are several: how much of its time each waits.
  function showRanks() {
    if (!state.ranks.length) {
      ranks.replaceChildren();
      return;
    }
    const rows = state.ranks.map((one) => {
      const share = one.waiting === null ? 0 : Math.min(1, Math.max(0, one.waiting));
      const bar = element("span", { class: "bar" });
      bar.style.width = `${Math.round(80 * share)}px`;
      return element("tr", { class: one.slowest ? "chosen" : "", "data-rank": one.rank },
        element("th", { scope: "row", text: one.rank }), element("td", { text: one.host }),
        element("td", {}, bar, one.waiting === null ? "" : ` ${(100 * share).toFixed(1)} %`),
        element("td", { text: one.slowest ? t("slow") : "" }));
    });
    ranks.replaceChildren(element("div", { class: "scroll", tabindex: "0" }, element("table", {}, element("caption", { text: t("ranks") }),
      element("thead", {}, element("tr", {}, ...["rank", "host", "waits_for"].map((name) => element("th", { scope: "col", text: t(name) })), element("td"))),
      element("tbody", {}, ...rows))), element("p", { class: "lead", text: t("whole") }));
  }

  function showLayers() {
    const most = Math.max(1, ...state.layers.map((one) => one.parameters));
    const what = settings.what;
    const rows = state.layers.map((one, i) => {
      const bar = element("span", { class: "bar" });
      bar.style.width = `${Math.round((60 * one.parameters) / most)}px`;
      const values = one[what] || {};
      return element("tr", { "aria-selected": String(one.name === state.chosen), class: one.name === state.chosen ? "chosen" : "" },
        element("th", { scope: "row" }, element("button", { type: "button", "data-layer": i + 1, text: `${i + 1} ${one.name}`, onclick: () => lab.set({ layer: i + 1 }) })),
        element("td", { text: one.type }), element("td", { text: one.shape }),
        element("td", {}, bar, ` ${one.parameters.toLocaleString("en-US")}`),
        ...["mean", "std", "zeros", "norm"].map((name) => element("td", { text: name in values ? digits(values[name]) : "" })));
    });
    layers.replaceChildren(state.layers.length ? element("table", {}, element("caption", { text: t("layers") }),
      element("thead", {}, element("tr", {}, ...["name", "type", "shape", "parameters", "mean", "deviation", "zeros", "norm"]
        .map((name) => element("th", { scope: "col", text: t(name) })))), element("tbody", {}, ...rows)) : element("p", { text: t("nothing_yet") }));
  }

  // One curve for each sampled batch, the newest lowest and in front.
  function paintRidges() {
    const { counts, ranges } = state.ridges;
    const [count, bins] = counts.shape;
    ridges.box = { left: 12, right: 12, top: 28, bottom: 36 };
    ridges.range([0, 1], [0, 1]);
    ridges.text(0, 1.04, `${state.chosen}: ${t("over_time")}`, { align: "left", baseline: "bottom", bold: true });
    if (!count) {
      ridges.text(0.5, 0.5, t("no_values"));
      return;
    }
    const low = Math.min(...ranges.values.filter((_, i) => i % 2 === 0).filter(Number.isFinite));
    const high = Math.max(...ranges.values.filter((_, i) => i % 2 === 1).filter(Number.isFinite));
    if (!(high > low)) return;
    ridges.range([low, high], [0, 1]);
    const { pen } = ridges;
    for (let k = 0; k < count; k++) {
      const base = 0.7 * (1 - (k + 1) / count) + 0.02;
      const [from, to] = [ranges.values[2 * k], ranges.values[2 * k + 1]];
      // Roots of the counts: next to the zeros of ReLU all else would vanish.
      const most = Math.max(...counts.values.subarray(k * bins, (k + 1) * bins), 1);
      pen.save();
      pen.beginPath();
      pen.moveTo(ridges.px(from), ridges.py(base));
      for (let b = 0; b < bins; b++) {
        pen.lineTo(ridges.px(from + ((b + 0.5) / bins) * (to - from)), ridges.py(base + 0.26 * Math.sqrt(counts.values[k * bins + b] / most)));
      }
      pen.lineTo(ridges.px(to), ridges.py(base));
      pen.closePath();
      pen.fillStyle = colour("paper");
      pen.globalAlpha = 0.85;
      pen.fill();
      pen.globalAlpha = 0.35 + (0.65 * (k + 1)) / count;
      pen.strokeStyle = series(0);
      pen.lineWidth = k === count - 1 ? 2.5 : 1.2;
      pen.stroke();
      pen.restore();
    }
    ridges.axes({ xlabel: lab.option("what", settings.what), yticks: false });
  }

  function showHistory() {
    const names = [...new Set(state.epochs.flatMap((one) => Object.keys(one)))].filter((name) => name !== "learning_rate" && typeof state.epochs[0][name] === "number");
    if (plotOf !== names.join()) {
      plotOf = names.join();
      plot?.destroy();
      history.replaceChildren();
      plot = names.length ? new Curves(history, { label: t("history"), names, xlabel: t("epoch"), ylabel: t("value") }) : null;
    }
    plot?.set([state.epochs.map((_, i) => i + 1), ...names.map((name) => state.epochs.map((one) => one[name]))]);
  }

  function showMaps() {
    if (!state.maps) {
      maps.replaceChildren();
      return;
    }
    const [count, height, width] = state.maps.shape;
    const tiles = Array.from({ length: count }, (_, i) => {
      const tile = bitmap(state.maps.values.subarray(i * height * width, (i + 1) * height * width), height, width, grey(), 0, 255);
      tile.setAttribute("role", "img");
      tile.setAttribute("aria-label", `${state.chosen} ${i + 1}`);
      return tile;
    });
    maps.replaceChildren(element("h2", { text: t("maps") }), ...tiles);
  }

  function showReport() {
    if (!state.report) {
      report.replaceChildren();
      return;
    }
    const { confusion, worst, count } = state.report;
    const n = confusion.shape[0];
    const most = Math.max(...confusion.values, 1);
    const cells = Array.from({ length: n }, (_, i) => element("tr", {}, element("th", { scope: "row", text: i }),
      ...Array.from({ length: n }, (_, j) => {
        const value = confusion.values[i * n + j];
        const cell = element("td", { text: value || "", class: i === j ? "right" : "wrong" });
        cell.style.setProperty("--share", `${Math.round((100 * value) / most)}%`);
        return cell;
      })));
    const matrix = element("table", { class: "confusion" },
      element("caption", { text: `${t("confusion")}: ${count} ${t(state.report.of)}; ↓ ${t("true")}, → ${t("predicted")}` }),
      element("thead", {}, element("tr", {}, element("td"), ...Array.from({ length: n }, (_, j) => element("th", { scope: "col", text: j })))),
      element("tbody", {}, ...cells));
    const mistakes = worst.filter((one) => one.picture).map((one) => {
      const [height, width, channels] = one.picture.shape;
      const values = channels === 1 ? one.picture.values : one.picture.values.filter((_, i) => i % 3 === 1);
      const tile = bitmap(values, height, width, grey(), 0, 255);
      const words = `${one.label} → ${one.predicted} (${Math.round(100 * one.probability)}%)`;
      tile.setAttribute("role", "img");
      tile.setAttribute("aria-label", words);
      return element("figure", {}, tile, element("figcaption", { text: words }));
    });
    report.replaceChildren(element("div", { class: "scroll", tabindex: "0" }, matrix),
      element("div", {}, ...(mistakes.length ? [element("h2", { text: t("worst") }), element("div", { class: "tiles" }, ...mistakes)] : [])));
  }

  let reported = null;
  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      warnings.replaceChildren(...state.warnings.map((text) => element("li", { text: `${t("warnings")}: ${text}` })));
      showRanks();
      showLayers();
      ridges.redraw();
      const { shape, values } = state.running;
      running.set([Array.from({ length: shape[0] }, (_, i) => values[2 * i]), Array.from({ length: shape[0] }, (_, i) => values[2 * i + 1])]);
      showHistory();
      showMaps();
      const now = state.report && JSON.stringify([...state.report.confusion.values]);
      if (now !== reported) {
        reported = now;
        showReport();
      }
    },
    destroy() {
      ridges.destroy();
      running.destroy();
      plot?.destroy();
    },
  };
}
