// Algorithms 1 and 2 of batch normalization, a line at a time.

import { Figure, colour, series, table } from "../draw.js";
import { digits, element } from "../words.js";
import { column, formula, lineLegend, rangeOf, wide } from "./batchnorm_lines.js";

const short = (value) => digits(Number(value.toPrecision(4))).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
const tex = (value) => short(value).replace("−", "-").replace(/e(-?\d+)/, "\\cdot 10^{$1}").replace("∞", "\\infty");
const braced = (value) => (value < 0 ? `(${tex(value)})` : tex(value));

// The lines of an algorithm; the one that has just been done is marked.
function lineList(root, label) {
  const list = element("ol", { class: "scroll", "aria-label": label, tabindex: "0" });
  Object.assign(list.style, { listStyle: "none", padding: "0", margin: "8px 0", overflowWrap: "normal" });
  root.append(list);
  return (lines, now) => list.replaceChildren(...lines.map(({ words, math, shown }, i) => {
    const item = element("li", { "aria-current": i === now ? "step" : null },
      element("span", { text: i === now ? "▶ " : "", "aria-hidden": "true" }), element(i === now ? "strong" : "span", { text: words }));
    Object.assign(item.style, { padding: "4px 10px", margin: "2px 0", borderLeft: `4px solid ${i === now ? colour("accent") : "transparent"}` });
    if (shown) {
      const box = element("div", {}, formula(math));
      item.append(box);
    }
    return item;
  }));
}

export function makeAlgorithm1(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  const show = lineList(root, t("numbers_of"));
  root.append(element("h2", { text: t("from_x_to_y") }));
  const figure = new Figure(root, { label: t("from_x_to_y"), ratio: 0.42, most: 820, paint: () => state && paint() });
  figure.box = { left: 64, right: 16, top: 10, bottom: 26 };
  const box = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("numbers_of") });
  box.style.overflowWrap = "normal";
  root.append(box);
  const values = (name) => Array.from(state[name].values);

  function lines() {
    const x = values("x");
    const m = x.length;
    const { mu, variance, moving } = state;
    const { gamma, beta, epsilon, momentum } = settings;
    const first = x[0];
    return [
      { words: t("line_input"), math: `x = ${x.map(tex).join(",\\;")}\\qquad m = ${m}` },
      { words: t("line_mean"), math: `\\mu = \\tfrac{1}{${m}}\\,(${x.map((one, i) => (i && one >= 0 ? `+ ${tex(one)}` : tex(one))).join(" ")}) = ${tex(mu)}` },
      { words: `${t("line_variance")} (${t("two_variances")}: ${short(state.unbiased)})`,
        math: `\\sigma^2 = \\tfrac{1}{${m}}\\,(${x.map((one) => `${braced(one - mu)}^2`).join(" + ")}) = ${tex(variance)}` },
      { words: t("line_normalize"), math: `\\hat{x}_1 = \\dfrac{${tex(first)} - ${braced(mu)}}{\\sqrt{${tex(variance)} + ${tex(epsilon)}}} = ${tex(values("hat")[0])}` },
      { words: t("line_scale"), math: `y_1 = ${tex(gamma)} \\cdot ${braced(values("hat")[0])} + ${braced(beta)} = ${tex(values("y")[0])}` },
      { words: t("line_moving"), math: `\\mathrm{moving\\_mean} = ${tex(momentum)} \\cdot 0 + ${tex(1 - momentum)} \\cdot ${braced(mu)} = ${tex(moving[0])},\\quad `
        + `\\mathrm{moving\\_var} = ${tex(momentum)} \\cdot 1 + ${tex(1 - momentum)} \\cdot ${braced(variance)} = ${tex(moving[1])}` },
      { words: t("line_predict"), math: `y_1 = ${tex(gamma)} \\cdot \\dfrac{${tex(first)} - ${braced(moving[0])}}{\\sqrt{${tex(moving[1])} + ${tex(epsilon)}}} + ${braced(beta)} = ${tex(values("in_prediction")[0])}` },
    ].map((line, i) => ({ ...line, shown: i <= state.stage }));
  }

  // Each value wanders down from x to y; one row of the picture for each line.
  function paint() {
    const x = values("x");
    const rows = [["x", x, 0], [t("centred"), x.map((one) => one - state.mu), 1], ["x̂", values("hat"), 3], ["y", values("y"), 4]]
      .filter(([, , from]) => state.stage >= from);
    const all = [x, x.map((one) => one - state.mu), values("hat"), values("y")];
    figure.range(rangeOf([...all, [0]]), [-3.5, 0.5]);
    figure.line([0, 0], [-3.5, 0.5], { color: colour("line"), width: 1, dash: [3, 3] });
    rows.forEach(([, , ], r) => figure.line(figure.x, [-r, -r], { color: colour("faint"), width: 2 }));
    for (let i = 0; i < x.length; i++) {
      figure.line(rows.map((row) => row[1][i]), rows.map((_, r) => -r), { color: series(i), width: 1, alpha: 0.6 });
      rows.forEach((row, r) => figure.dot(row[1][i], -r, { color: series(i), radius: 6 }));
    }
    if (state.stage === 1) {
      figure.line([state.mu, state.mu], [-0.3, 0.3], { color: colour("ink"), width: 2 });
      figure.text(state.mu, -0.45, `μ = ${short(state.mu)}`);
    }
    figure.axes({ yticks: false });
    // The names of the rows, where the axis would have numbers.
    const { pen } = figure;
    pen.save();
    pen.fillStyle = colour("ink");
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    rows.forEach(([name], r) => pen.fillText(name, figure.box.left - 8, figure.py(-r)));
    pen.restore();
  }

  function showTable() {
    const x = values("x");
    const columns = [["x", x, 0], [t("centred"), x.map((one) => one - state.mu), 1], ["(x − μ)²", x.map((one) => (one - state.mu) ** 2), 2],
      ["x̂", values("hat"), 3], ["y", values("y"), 4], [t("layers_y"), values("in_training"), 4], [t("layers_prediction"), values("in_prediction"), 6]]
      .filter(([, , from]) => state.stage >= from);
    box.replaceChildren(table(t("numbers_of"), ["i", ...columns.map(([name]) => name)],
      x.map((_, i) => [String(i + 1), ...columns.map(([, list]) => list[i])])));
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      show(lines(), state.stage);
      figure.redraw();
      showTable();
    },
    destroy() {
      figure.destroy();
    },
  };
}

export function makeAlgorithm2(root, lab) {
  const { t } = lab;
  let state = null;
  root.append(element("h2", { text: t("algorithm_of") }));
  const show = lineList(root, t("algorithm_of"));
  const row = element("div", { class: "columns" });
  root.append(row);
  const figures = ["means_estimated", "variances_estimated"].map((name, k) => {
    const box = element("div");
    box.append(element("h2", { text: t(name) }));
    row.append(box);
    return wide(new Figure(box, { label: t(name), ratio: 0.8, paint: (figure) => state && paint(figure, k) }));
  });
  const legend = lineLegend([]);
  root.append(legend);

  function lines() {
    const { numbers, stage, truth, linear, gamma, beta, epsilon } = state;
    const order = ["train", "freeze", "estimate", "replace"];
    const now = order.indexOf(stage);
    const done = state.moments.shape[0];
    const [E, V] = [numbers.expectation, numbers.population_variance];
    return [[
      { words: `${t("line_train")} – ${t("updates")}: ${numbers.updates}`, shown: false },
      { words: t("line_freeze"), shown: now >= 1 && truth, math: `\\gamma = ${tex(gamma)},\\quad \\beta = ${tex(beta)}` },
      { words: `${t("line_estimate")} – ${done}/${state.mini_batches}`, shown: done > 0,
        math: done ? `E[x] = E_{\\mathcal{B}}[\\mu_{\\mathcal{B}}] = ${tex(E)},\\quad \\mathrm{Var}[x] = \\tfrac{m}{m-1}E_{\\mathcal{B}}[\\sigma_{\\mathcal{B}}^2]`
          + ` = \\tfrac{${numbers.m}}{${numbers.m - 1}} \\cdot ${tex(V / numbers.correction)} = ${tex(V)}` : "" },
      { words: t("line_replace"), shown: Boolean(linear),
        math: linear ? `y = \\dfrac{${tex(gamma)}}{\\sqrt{${tex(V)} + ${tex(epsilon)}}}\\,x + \\left(${tex(beta)} - \\dfrac{${tex(gamma)} \\cdot ${braced(E)}}{\\sqrt{${tex(V)} + ${tex(epsilon)}}}\\right)`
          + ` = ${tex(linear[0])}\\,x ${linear[1] < 0 ? "-" : "+"} ${tex(Math.abs(linear[1]))}` : "" },
    ], now];
  }

  function paint(figure, k) {
    const each = column(state.moments, k);
    const steps = each.map((_, i) => i + 1);
    let sum = 0;
    const running = each.map((one, i) => (sum += one) / (i + 1));
    const corrected = running.map((one) => one * (k ? state.numbers.correction : 1));
    const known = [state.truth, state.keras].filter(Boolean).map((one) => one[k]);
    const range = rangeOf([each, corrected, known, k ? [0] : []]);
    figure.range([0, state.mini_batches + 1], k ? [0, range[1]] : range);
    if (!known.length) figure.text((state.mini_batches + 1) / 2, (figure.y[0] + figure.y[1]) / 2, t("press"));
    figure.inside(() => {
      if (state.truth) figure.line(figure.x, [state.truth[k], state.truth[k]], { color: colour("ink"), width: 2 });
      if (state.keras) figure.line(figure.x, [state.keras[k], state.keras[k]], { color: series(0), width: 2, dash: [9, 3, 2, 3] });
      each.forEach((one, i) => figure.dot(steps[i], one, { color: series(6), edge: series(6), radius: 2.5 }));
      if (k) figure.line(steps, running, { color: series(3), width: 2, dash: [2, 3] });
      figure.line(steps, corrected, { color: series(1), width: 2.5, dash: [7, 4] });
    });
    figure.axes({ xlabel: t("batches"), ylabel: k ? t("variance") : t("mean") });
  }

  return {
    draw(newState) {
      state = newState;
      show(...lines());
      figures.forEach((one) => one.redraw());
      legend.replaceChildren(...lineLegend([
        { words: t("of_mini_batch"), color: series(6), dash: [2, 5] },
        { words: `${t("running")}, ${t("corrected")}`, color: series(1), dash: [7, 4] }, { words: t("of_biased"), color: series(3), dash: [2, 3] },
        { words: t("of_truth"), color: colour("ink") }, { words: t("of_keras"), color: series(0), dash: [9, 3, 2, 3] },
      ]).children);
    },
    destroy() {
      figures.forEach((one) => one.destroy());
    },
  };
}
