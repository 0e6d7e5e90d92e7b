// The way to Adam: the race, what the optimizers hold for each weight, the lines of their code, the slides' table.

import { Curves, Figure, bitmap, colour, flip, heights, series } from "../draw.js";
import { digits, element, short } from "../words.js";
import { makeCode, makeTable } from "./adam_code.js";

// Colour and dashes of each optimizer: one colour for a family.
const LOOKS = {
  sgd: ["c7", [2, 3]], momentum: ["c1", []], form1: ["c4", [2, 3]], form2: ["c4", [7, 4]], form3: ["c4", []], full: ["c6", []],
  rmsprop: ["c2", []], almost: ["c3", []], adam: ["c0", []], adam_keras: ["c0", [7, 4]],
};
const look = (name) => ({ color: colour(LOOKS[name][0]), dash: LOOKS[name][1] });

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let surface = null;
  let surfaceOf = null;
  let dragged = null;

  const heading = (parent, words) => {
    const made = element("h2", { text: words });
    parent.append(made);
    return made;
  };
  const box = (parent, attributes = {}) => {
    const made = element("div", attributes);
    parent.append(made);
    return made;
  };

  const top = box(root, { class: "columns" });
  const [raceBox, fullBox] = [box(top), box(top)];
  heading(raceBox, t("race"));
  const race = new Figure(raceBox, { label: t("race"), ratio: 0.74, most: 620, paint: () => state && paintRace() });
  heading(fullBox, t("full_of"));
  const full = new Figure(fullBox, { label: t("full_of"), ratio: 0.8, most: 420, paint: () => state?.full && paintFull() });
  const matrices = box(fullBox);
  const legend = element("ul", { class: "legend" });
  root.append(legend);

  heading(root, t("compare_of"));
  const compare = box(root, { class: "columns" });
  let compared = [];
  let comparedOf = "";

  const depth = heading(root, "");
  root.append(element("p", { class: "help", text: t("dashes") }));
  const charts = box(root, { class: "columns adam-charts" });
  const weights = (names) => names.flatMap((name) => [`${name}, w₀`, `${name}, w₁`]);
  const kinds = { colours: [0, 1, 0, 1, 0, 1].map(series), dashes: [[2, 3], [2, 3], [], [], [8, 5], [8, 5]] };
  const first = chart("first_of", { names: weights(["g", "m", `m ${t("hat")}`]), ylabel: t("size"), ...kinds });
  const second = chart("second_of", { names: weights(["g²", "v", `v ${t("hat")}`]), ylabel: t("size"), log: true, ...kinds });
  const rate = chart("rate_of", { names: ["w₀", "w₁"], ylabel: t("rate"), log: true, colours: [0, 1].map(series) });
  const bias = chart("bias_of", { names: ["m: 1 / (1 − β₁ᵗ)", "v: 1 / (1 − β₂ᵗ)"], ylabel: t("factor"), log: true, colours: [2, 3].map(series) });

  const code = makeCode(root, lab);
  const table = makeTable(root, lab);

  function chart(words, options) {
    const holder = box(charts);
    heading(holder, t(words));
    const note = element("p", { class: "help" });
    holder.append(note);
    return { note, holder, curves: smooth(new Curves(holder, { label: t(words), xlabel: t("step"), height: 210, ...options }), options.log) };
  }

  race.onDrag(
    (x, y) => settings && Math.hypot(race.px(x) - race.px(settings.start[0]), race.py(y) - race.py(settings.start[1])) < 24,
    (x, y, done) => {
      dragged = [x, y].map((one) => Math.max(-5, Math.min(5, one)));
      lab.set({ start: dragged });
      if (done) dragged = null;
      race.redraw();
    });

  function paintRace() {
    const { height, bounds } = state;
    const [rows, columns] = height.shape;
    race.range(bounds.slice(0, 2), bounds.slice(2, 4));
    const most = height.values.reduce((a, b) => Math.max(a, b), 0);
    const name = `${settings.surface} ${settings.every} ${document.documentElement.dataset.theme}`;
    if (surfaceOf !== name) {
      surfaceOf = name;
      surface = bitmap(flip(height.values, rows, columns), rows, columns, heights(), 0, most);
    }
    race.inside(() => {
      race.image(surface, race.x, race.y, true);
      const levels = Array.from({ length: 14 }, (_, i) => ((i + 0.5) / 14) ** 2 * most);
      race.contours(height.values, rows, columns, race.x, race.y, levels, { alpha: 0.28 });
      for (const [x, y] of state.minima) race.dot(x, y, { color: colour("paper"), edge: colour("ink"), radius: 5, shape: "triangle" });
      for (const racer of state.racers) {
        const [xs, ys] = [0, 1].map((k) => column(racer.path, k));
        const deep = racer.name === settings.look;
        race.line(xs, ys, { ...look(racer.name), width: deep ? 3.5 : 1.8 });
        if (xs.length < 40) xs.forEach((x, i) => i && race.dot(x, ys[i], { ...look(racer.name), edge: look(racer.name).color, radius: deep ? 2.8 : 1.8 }));
        race.dot(xs.at(-1), ys.at(-1), { color: look(racer.name).color, radius: deep ? 7 : 5 });
      }
      const [x, y] = dragged || settings.start;
      race.dot(x, y, { color: colour("paper"), edge: colour("ink"), radius: 6 });
      race.text(x, y, `   ${t("start_here")}`, { align: "left" });
    });
    race.axes({ xlabel: "w₀", ylabel: "w₁" });
  }

  // Gradients of length 1 in all directions, as the two matrices map them: ellipses. The arrows: the newest gradient's.
  function paintFull() {
    const { matrix, diagonal, gradient } = state.full;
    const both = [[matrix, "c3", []], [diagonal, "c0", [7, 4]]];
    const size = Math.max(...both.flatMap(([one]) => Array.from(one.values, Math.abs)));
    full.box = { left: 52, right: 12, top: 12, bottom: 36 };
    if (!(size > 0) || !Number.isFinite(size)) {
      full.range([-1, 1], [-1, 1]);
      full.text(0, 0, t("no_full"));
      return;
    }
    // The long axis of the full matrix can be a thousand times the other's; show the ellipse of the diagonal well.
    const shown = Math.min(size, 3 * Math.max(...Array.from(diagonal.values)));
    full.range([-1.15 * shown, 1.15 * shown], [-1.15 * shown, 1.15 * shown], true);
    const length = Math.hypot(...gradient.values) || 1;
    full.inside(() => {
      for (const [one, name, dash] of both) {
        const [a, b, c, d] = one.values;
        const turn = Array.from({ length: 181 }, (_, i) => (i / 90) * Math.PI);
        full.line(turn.map((angle) => a * Math.cos(angle) + b * Math.sin(angle)), turn.map((angle) => c * Math.cos(angle) + d * Math.sin(angle)), { color: colour(name), dash });
        const [x, y] = [-gradient.values[0] / length, -gradient.values[1] / length];
        full.arrow([0, 0], [a * x + b * y, c * x + d * y], { color: colour(name), width: 3 });
      }
    });
    full.axes({ xlabel: "Δw₀", ylabel: "Δw₁" });
  }

  function showMatrices() {
    const rows = [["full_matrix", "c3", state.full.matrix], ["diagonal", "c0", state.full.diagonal]];
    matrices.replaceChildren(element("ul", { class: "legend" }, ...rows.map(([words, name, { values }]) => element("li", {}, swatch(colour(name)),
      `${t(words)} = [${[values.slice(0, 2), values.slice(2)].map((row) => Array.from(row, digits).join("  ")).join(" ; ")}]`))));
  }

  function showLegend() {
    legend.replaceChildren(...state.racers.map(({ name, path }) => element("li", { "data-racer": name }, stroke(name),
      element(name === settings.look ? "strong" : "span", { text: `${lab.option("racers", name)} (${digits(path.values.at(-2))}, ${digits(path.values.at(-1))})` }))));
  }

  // A line as in the picture.
  function stroke(name) {
    const { color, dash } = look(name);
    const made = element("span", { class: "adam-stroke" });
    made.style.borderTop = `4px ${dash.length === 0 ? "solid" : dash[0] > 3 ? "dashed" : "dotted"} ${color}`;
    return made;
  }

  function swatch(color) {
    const made = element("span", { class: "swatch" });
    made.style.background = color;
    return made;
  }

  function showCompared() {
    const names = state.racers.map(({ name }) => name);
    if (comparedOf !== `${names} ${settings.compare}`) {
      comparedOf = `${names} ${settings.compare}`;
      compared.forEach((curves) => curves.destroy());
      compare.replaceChildren();
      compared = [0, 1].map((k) => {
        const holder = box(compare);
        const words = `${lab.option("compare", settings.compare)}, ${["w₀", "w₁"][k]}`;
        heading(holder, words);
        return smooth(new Curves(holder, {
          label: words, names: names.map((name) => lab.option("racers", name)), xlabel: t("step"), ylabel: lab.option("compare", settings.compare),
          log: settings.compare !== "first", colours: names.map((name) => look(name).color), dashes: names.map((name) => look(name).dash),
        }), settings.compare !== "first");
      });
    }
    const steps = count(state.racers[0].values);
    compared.forEach((curves, k) => curves.set([steps, ...state.racers.map(({ values }) => {
      const one = column(values, k);
      return settings.compare === "first" ? one : above(one.map(Math.abs));
    })]));
  }

  function showDepth() {
    depth.textContent = `${t("depth_of")}: ${lab.option("look", settings.look)}`;
    const { history, corrections } = state;
    const steps = count(history.gradient);
    const pair = (what, change = (one) => one) => [0, 1].map((k) => change(column(history[what], k)));
    first.curves.set([steps, ...pair("gradient"), ...pair("first"), ...pair("first_hat")]);
    second.curves.set([steps, ...pair("gradient", (one) => above(one.map((value) => value * value))), ...pair("second", above), ...pair("second_hat", above)]);
    rate.curves.set([steps, ...pair("rate", above)]);
    bias.holder.hidden = !corrections;
    if (corrections) bias.curves.set([steps, ...corrections.map((one) => one.values)]);
    const has = (what) => steps.length === 0 || Number.isFinite(history[what].values[0]);
    first.note.textContent = has("first") ? "" : t("none_first");
    second.note.textContent = has("second") ? "" : t("none_second");
    bias.note.textContent = state.corrects ? "" : t("would_bias");
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      if (fullBox.hidden !== !state.full) {
        fullBox.hidden = !state.full;
        top.classList.toggle("columns", Boolean(state.full));
      }
      showLegend();
      race.redraw();
      if (state.full) {
        full.redraw();
        showMatrices();
      }
      showCompared();
      showDepth();
      code.show(state.code);
      table.show(state.table);
    },
    destroy() {
      [race, full, first.curves, second.curves, rate.curves, bias.curves, ...compared].forEach((one) => one.destroy());
    },
  };
}

// Draws through gaps, so that rare values make a line; a logarithmic axis has short ticks, for there is one for each of
// 1 to 9, and powers of ten as such.
function smooth(curves, log = false) {
  const { axes, series: lines } = curves.plot;
  for (const line of lines) line.spanGaps = true;
  if (log) {
    axes[1].ticks.size = 3;
    axes[1].values = (_, values) => values.map((value) => (value === null ? "" : value >= 1e5 ? value.toExponential(0).replace("+", "") : short(value)));
  }
  return curves;
}

const count = (array) => Array.from({ length: array.shape[0] }, (_, i) => i + 1);
// For logarithmic axes, without what has become 0 but for rounding.
const above = (values) => values.map((value) => (value > 1e-9 ? value : NaN));
function column(array, k) {
  return Array.from({ length: array.shape[0] }, (_, i) => array.values[2 * i + k]);
}
