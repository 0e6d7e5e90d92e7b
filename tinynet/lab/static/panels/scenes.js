// A network with its numbers on it, and the term of the chain rule that is computed now.

import { Curves, Figure, bitmap, colour, diverging, flip } from "../draw.js";
import { digits, element } from "../words.js";
import { Network } from "./scenes_network.js";

const STAGES = ["data", "model", "loss", "gradient", "update"];

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let shownTerm = "";

  const chips = element("ol", { class: "scenes-stages", "aria-label": t("pipeline") },
    ...STAGES.map((name) => element("li", { "data-stage": name, text: t(name) })));
  const tell = element("p", { class: "scenes-tell" });
  root.append(chips, tell);
  const term = element("div", { class: "scenes-term", role: "math", tabindex: "0", "aria-label": t("this_term") });
  root.append(term);
  const network = new Network(root, lab);

  root.append(element("h2", { text: t("weights_of") }));
  const weights = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("weights_of") });
  root.append(weights);

  const columns = element("div", { class: "columns" });
  root.append(columns);
  const [left, right] = [element("div"), element("div")];
  columns.append(left, right);
  left.append(element("h2", { text: t("losses_of") }));
  const curve = new Curves(left, { label: t("losses_of"), names: [t("loss"), t("mean_loss")], colours: [colour("line"), colour("c1")], xlabel: t("batches"), ylabel: t("loss"), height: 240 });
  right.append(element("h2", { text: t("plane_of") }));
  const plane = new Figure(right, { label: t("plane_of"), ratio: 0.72, most: 340, paint: () => state && paintPlane() });
  const samples = element("div");
  root.append(element("h2", { text: t("samples_of") }), samples);

  function showStage() {
    for (const chip of chips.children) {
      const here = chip.dataset.stage === state.stage;
      chip.toggleAttribute("data-now", here);
      if (here) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    }
    tell.textContent = t(`tell_${state.stage}`);
  }

  // The formula in letters, in numbers and its value; KaTeX sets it again only when it has changed.
  function showTerm() {
    const now = JSON.stringify([settings.pace, state.term?.tex, state.term?.filled, state.stage, state.updated && [state.before.values, state.after.values], state.known.x1.values]);
    if (now === shownTerm) return;
    shownTerm = now;
    const lines = state.term ? termLines(state.term) : state.updated ? [updateLine()] : [dataLine()];
    term.replaceChildren(...lines.map((tex, i) => set(element("div"), tex, i === 0)));
    if (!state.updated || settings.pace === "update") return;
    term.append(...state.names.map((name, i) => {
      const [before, gradient, after] = [state.before, state.gradient, state.after].map((one) => number(one.values[i]));
      const tex = `${name[0]}${name[1] ? `_{${name.slice(1)}}` : ""}:\\ ${before} - ${number(state.rate)}\\cdot ${bracket(gradient)} = \\mathbf{${after}}`;
      return set(element("span", { class: "scenes-update" }), tex, false);
    }));
  }

  function termLines({ tex, filled, values }) {
    const value = (n) => number(values.values ? values.values[n] : values[n]);
    if (filled.length === 1) return [tex, `\\displaystyle {} = ${filled[0]} = \\mathbf{${value(0)}}`];
    return [tex, ...filled.map((line, n) => `${n + 1}:\\quad ${line} = \\mathbf{${value(n)}}`)];
  }

  function set(place, tex, displayMode) {
    katex.render(tex, place, { throwOnError: false, displayMode, output: "html" });
    return place;
  }

  const bracket = (text) => (text.startsWith("-") ? `(${text})` : text);

  const updateLine = () => `w \\leftarrow w - lr\\cdot\\frac{\\partial L}{\\partial w},\\qquad lr = ${number(state.rate)}`;

  function dataLine() {
    const { x1, x2, t: target } = state.known;
    return Array.from(x1.values, (_, n) => `(${number(x1.values[n])},\\ ${number(x2.values[n])}) \\to ${number(target.values[n])}`).join(",\\quad ");
  }

  function showWeights() {
    const { names, before, after, numerical, errors, known, updated } = state;
    const now = state.term?.name;
    const head = ["weight", "value", "chain", "numerical", "error", "new_value"];
    const rows = names.map((name, i) => {
      const gradient = known[`d${name}`]?.values[0];
      const waits = gradient === undefined;
      const cells = [before.values[i], waits ? "·" : gradient, waits ? "·" : numerical.values[i], waits ? "·" : errors.values[i],
        updated ? after.values[i] : "·"];
      const here = now === `d${name}` || updated || state.term?.uses.includes(name);
      return element("tr", { class: here ? "scenes-now" : null, "data-weight": name },
        element("th", { scope: "row" }, ...subscript(name)),
        ...cells.map((value) => element("td", { text: typeof value === "number" ? digits(value) : value })));
    });
    weights.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col", text: t(name) })))),
      element("tbody", {}, ...rows)));
  }

  function subscript(name) {
    return [name[0], ...(name[1] ? [element("sub", { text: name.slice(1) })] : [])];
  }

  function showSamples() {
    const { samples: table, predictions, batch_start: first, known } = state;
    const count = known.x1.values.length;
    const rows = Array.from({ length: table.shape[0] }, (_, n) => {
      const inBatch = n >= first && n < first + count;
      return element("tr", { class: inBatch ? "scenes-now" : null },
        element("th", { scope: "row", text: `${n + 1}${inBatch ? ` – ${t("in_batch")}` : ""}` }),
        ...[...table.values.slice(3 * n, 3 * n + 3), predictions.values[n]].map((value) => element("td", { text: digits(value) })));
    });
    samples.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...[t("sample"), "x₁", "x₂", t("target"), t("prediction")].map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...rows)));
  }

  function paintPlane() {
    const { plane: values, bounds, samples: table } = state;
    const [rows, width] = values.shape;
    const targets = Array.from({ length: table.shape[0] }, (_, n) => table.values[3 * n + 2]);
    const low = Math.min(0, ...targets);
    const high = Math.max(low < 0 ? -low : 1, ...targets);
    plane.box = { left: 46, right: 12, top: 12, bottom: 36 };
    plane.range(bounds.slice(0, 2), bounds.slice(2, 4));
    plane.inside(() => {
      plane.image(bitmap(flip(values.values, rows, width), rows, width, diverging(), low, high), plane.x, plane.y, true);
      plane.contours(values.values, rows, width, plane.x, plane.y, [(low + high) / 2], { color: colour("ink"), width: 2 });
      targets.forEach((target, n) => {
        const [x, y] = [table.values[3 * n], table.values[3 * n + 1]];
        plane.dot(x, y, { radius: 11, color: colour("paper"), edge: colour("ink") });
        plane.text(x, y, digits(target).slice(0, 5), { size: 11, bold: true });
      });
    });
    plane.axes({ xlabel: "x₁", ylabel: "x₂" });
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      showStage();
      network.show(state, settings);
      showTerm();
      showWeights();
      showSamples();
      const losses = state.losses.values;
      curve.set([Array.from(losses, (_, i) => i + 1), losses, means(losses, state.epoch)]);
      plane.redraw();
    },
    destroy() {
      network.destroy();
      curve.destroy();
      plane.destroy();
    },
  };
}

// The mean of each value and those before it, `count` in all.
function means(values, count) {
  let sum = 0;
  return Array.from(values, (value, i) => {
    sum += value - (i >= count ? values[i - count] : 0);
    return i + 1 < count ? NaN : sum / count;
  });
}

// A number as TeX.
function number(value) {
  const text = digits(value).replace("−", "-");
  if (text === "NaN") return "\\mathrm{NaN}";
  if (text.endsWith("∞")) return text.replace("∞", "\\infty");
  const [mantissa, power] = text.split("e");
  return power ? `${mantissa}\\cdot 10^{${Number(power)}}` : mantissa.replace(/,/g, "{,}");
}
