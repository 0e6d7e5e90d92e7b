// Initialization I: the network, the decision boundary, the cost, and one neuron or the plane as a layer transforms it.

import { Curves, Figure, bitmap, colour, diverging, series } from "../draw.js";
import { digits, element, short } from "../words.js";
import { NAMES, NetworkPicture, describe, kindColour } from "./initialization_network.js";
import { flip, largest, neuronRange, paintNeuron, paintPlane, paintSpace, valueAt } from "./initialization_plane.js";

const LEAST = 1e-4; // the lowest cost on a logarithmic axis
const OWN = ["own", "own_values"];

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let input = 0; // of the selected neuron: the edge whose weight can be edited; -1 is the bias
  let cursor = null; // where the keyboard puts a point

  const part = (name) => {
    const title = element("h2", { text: t(name) });
    const box = element("div", {}, title);
    return { box, title };
  };
  const network = part("network_of");
  const plane = part("plane_of");
  const costs = part("cost_of");
  const lower = part("neuron_of");
  const grid = element("div", { class: "columns" }, network.box, plane.box, costs.box, lower.box);
  grid.style.gridTemplateColumns = "repeat(auto-fit, minmax(min(100%, max(370px, 34%)), 1fr))";
  const story = element("p", { class: "help" });
  const tiles = element("div", { class: "segments", role: "group", "aria-label": t("choose_data") });
  root.append(tiles, story, grid);

  // A button with a picture for each data set, unless a lesson hides this setting.
  let tilesOf = "";
  function showTiles() {
    const hidden = !document.querySelector('[data-parameter="data"]');
    const now = `${hidden} ${settings.data} ${document.documentElement.dataset.theme}`;
    if (tilesOf === now) return;
    tilesOf = now;
    tiles.hidden = hidden;
    tiles.replaceChildren(...(hidden ? [] : Object.entries(state.tiles).map(([kind, points]) => tile(kind, points))));
  }

  function tile(kind, points) {
    const side = 56;
    const small = element("canvas", { width: 2 * side, height: 2 * side, "aria-hidden": "true" });
    small.style.width = small.style.height = `${side}px`;
    const pen = small.getContext("2d");
    const table = diverging();
    for (let i = 0; i < points.shape[0]; i++) {
      const [x, y, value] = points.values.subarray(3 * i, 3 * i + 3);
      const k = 3 * Math.round(127.5 * (1 + value / 100));
      pen.fillStyle = `rgb(${table[k]}, ${table[k + 1]}, ${table[k + 2]})`;
      pen.strokeStyle = colour("line");
      pen.beginPath();
      pen.arc(side + x * 0.5, side - y * 0.5, 4, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
    const chosen = kind === settings.data;
    const button = element("button", { type: "button", title: lab.option("data", kind), "aria-label": lab.option("data", kind), "aria-pressed": String(chosen), onclick: () => lab.set({ data: kind }) }, small);
    button.style.padding = "2px";
    button.style.lineHeight = "0";
    if (chosen) button.style.boxShadow = `0 0 0 3px ${colour("accent")}`;
    return button;
  }

  // The network and what is selected in it ------------------------------------------------------------------------

  const hovered = element("p", { class: "help", text: t("hover") });
  hovered.style.minHeight = "2.7em";
  const picture = new NetworkPicture(network.box, {
    label: t("network_of"),
    pick(found) {
      if (found.input !== undefined) input = found.input;
      lab.set({ focus: [[found.layer, found.unit + 1]] });
      update();
    },
    hover: (found) => { hovered.textContent = found && state ? describe(state, found, t, settings.features) : t("hover"); },
  });
  const networkLegend = element("ul", { class: "legend" });
  const neurons = element("select", { id: "neuron", onchange: () => lab.set({ focus: [neurons.value.split(",").map(Number)] }) });
  const inputs = element("select", { id: "neuron-input", onchange: () => { input = Number(inputs.value); update(); } });
  const weight = element("input", { id: "edge-weight", type: "number", step: "any", onchange: editWeight });
  weight.style.width = "8em";
  const undo = element("button", { type: "button", text: t("undo"), onclick: () => lab.set({ edits: settings.edits.slice(0, -1) }) });
  const undoAll = element("button", { type: "button", text: t("undo_all"), onclick: () => lab.set({ edits: [] }) });
  const labelled = (control, name) => element("label", { for: control.id, class: "help" }, `${t(name)} `, control);
  network.box.append(networkLegend, hovered);

  const chosenEdge = () => {
    const [layer, unit] = state.focus;
    return layer > 0 ? { layer, unit, input: Math.min(input, state.sizes[layer - 1] - 1) } : null;
  };

  function editWeight() {
    const edge = chosenEdge();
    if (!edge || !Number.isFinite(weight.valueAsNumber)) return;
    const place = [state.count, edge.layer, edge.input + 1, edge.unit + 1];
    const kept = settings.edits.filter((one) => place.some((number, k) => number !== one[k]));
    lab.set({ edits: [...kept, [...place, Number(weight.valueAsNumber.toPrecision(6))]] });
  }

  function neuronName(layer, unit) {
    if (layer === 0) return `${t("input_neuron")} ${NAMES[settings.features[unit]]}`;
    if (layer === state.sizes.length - 1) return t("output");
    return `${t("hidden")} ${layer}, ${t("neuron")} ${unit + 1}`;
  }

  let neuronsOf = "";
  let inputsOf = "";
  function showSelection() {
    const now = `${state.sizes.join()} ${settings.features.join()}`;
    if (neuronsOf !== now) {
      neuronsOf = now;
      inputsOf = "";
      neurons.replaceChildren(...state.sizes.flatMap((size, layer) => Array.from({ length: size }, (_, unit) =>
        element("option", { value: `${layer},${unit + 1}`, text: neuronName(layer, unit) }))));
    }
    const [layer, unit] = state.focus;
    neurons.value = `${layer},${unit + 1}`;
    if (inputsOf !== `${now} ${layer}`) {
      inputsOf = `${now} ${layer}`;
      inputs.replaceChildren(...(layer ? [element("option", { value: -1, text: t("bias") }),
        ...Array.from({ length: state.sizes[layer - 1] }, (_, from) => element("option", { value: from, text: neuronName(layer - 1, from) }))] : []));
    }
    const edge = chosenEdge();
    inputs.disabled = weight.disabled = !edge;
    undo.hidden = undoAll.hidden = !settings.edits.length;
    if (!edge) { weight.value = ""; return; }
    inputs.value = edge.input;
    const value = edge.input < 0 ? state.biases[layer - 1].values[unit]
      : state.kernels[layer - 1].values[edge.input * state.sizes[layer] + unit];
    if (document.activeElement !== weight) weight.value = Number.isFinite(value) ? Number(value.toPrecision(4)) : "";
  }

  // The plane and the reader's own points --------------------------------------------------------------------------

  const planeFigure = new Figure(plane.box, { label: t("plane_of"), ratio: 0.74, most: 900, paint: paintMain });
  const planeLegend = element("ul", { class: "legend" });
  const planeNumbers = element("p", { class: "help", text: " ", "aria-live": "polite" });
  const kinds = ["class0", "class1", "erase"].map((name) => element("input", { type: "radio", name: "put", value: name }));
  kinds[1].checked = true;
  const value = element("input", { type: "number", step: 0.1, min: -10, max: 10, value: 1, "aria-label": t("value") });
  value.style.width = "6em";
  const kindLabels = ["class0", "class1", "erase"].map((name, i) => element("label", { class: "radio" }, kinds[i], element("span", { text: t(name) })));
  const putBar = element("fieldset", { class: "control", hidden: true }, element("legend", { text: `${t("put")} (${t("put_by_keys")})` }),
    element("div", { class: "segments" }, ...kindLabels, value));
  plane.box.append(planeLegend, planeNumbers, putBar);
  const { canvas } = planeFigure;

  function paintMain() {
    if (!state) return;
    paintPlane(planeFigure, state);
    if (!OWN.includes(settings.data)) return;
    if (!state.targets.shape[0]) planeFigure.text(0, 0, t("no_points"), { size: 15, bold: true });
    if (cursor) planeFigure.dot(...cursor, { color: "transparent", edge: colour("ink"), radius: 9, shape: "square" });
  }

  function put(x, y) {
    const { extent } = state;
    if (!OWN.includes(settings.data) || Math.abs(x) > extent || Math.abs(y) > extent) return;
    const rows = settings.points;
    if (kinds[2].checked) {
      const away = (row) => Math.hypot(planeFigure.px(row[0]) - planeFigure.px(x), planeFigure.py(row[1]) - planeFigure.py(y));
      const nearest = rows.reduce((best, row) => (best === null || away(row) < away(best) ? row : best), null);
      if (nearest && away(nearest) < 18) lab.set({ points: rows.filter((row) => row !== nearest) });
      return;
    }
    const target = settings.data === "own" ? Number(kinds[1].checked) : value.valueAsNumber || 0;
    lab.set({ points: [...rows, [Number(x.toFixed(2)), Number(y.toFixed(2)), target]] });
  }

  canvas.addEventListener("click", (event) => state && put(...planeFigure.at(event)));
  const place = (x, y) => `x ${short(Number(x.toFixed(2)))} · y ${short(Number(y.toFixed(2)))}`;
  canvas.addEventListener("pointermove", (event) => state && tellPoint(...planeFigure.at(event)));
  function tellPoint(x, y) {
    const found = valueAt(state.plane, state.extent, x, y);
    const point = nearestPoint(x, y);
    const parts = [place(x, y), `${t("output")} ${digits(found)}`];
    if (point >= 0) {
      parts.push(`${t(point < state.train ? "training_point" : "test_point")}: ${t(state.regression ? "target" : "class")} ${digits(state.targets.values[point])}`);
    }
    planeNumbers.textContent = Number.isNaN(found) ? " " : parts.join(" · ");
  }
  canvas.addEventListener("pointerleave", () => { planeNumbers.textContent = " "; });

  function nearestPoint(x, y) {
    let [best, distance] = [-1, 8];
    for (let i = 0; i < state.targets.shape[0]; i++) {
      const away = Math.hypot(planeFigure.px(state.points.values[2 * i]) - planeFigure.px(x), planeFigure.py(state.points.values[2 * i + 1]) - planeFigure.py(y));
      if (away < distance) [best, distance] = [i, away];
    }
    return best;
  }
  canvas.addEventListener("keydown", (event) => {
    if (!state || !OWN.includes(settings.data)) return;
    const step = state.extent / 20;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === "Enter" && cursor) put(...cursor);
    else if (moves[event.key]) {
      cursor = (cursor || [0, 0]).map((one, k) => Math.max(-state.extent, Math.min(state.extent, one + moves[event.key][k])));
      tellPoint(...cursor);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the page's own keys: → is one step of training
    planeFigure.redraw();
  });
  canvas.addEventListener("blur", () => { cursor = null; planeFigure.redraw(); });

  // The cost, of one network or of all four ------------------------------------------------------------------------

  const curves = element("div");
  costs.box.append(curves);
  const small = new Figure(costs.box, { label: t("compare_of"), ratio: 0.3, most: 900, paint: () => state && state.others.length && paintSmall() });
  small.box = { left: 2, right: 2, top: 2, bottom: 2 };
  let plot = null;
  let plotOf = "";

  function showCosts() {
    const others = state.others.map((one) => one.init);
    const now = `${settings.init} ${others.join()} ${Boolean(state.test_cost)} ${state.regression}`;
    small.canvas.hidden = !others.length;
    if (plotOf !== now) {
      plotOf = now;
      plot?.destroy();
      curves.replaceChildren();
      const first = others.length ? lab.option("init", settings.init) : t("training_cost");
      plot = new Curves(curves, {
        label: t("cost_of"), xlabel: t("steps"), ylabel: t("cost"), log: others.length > 0, height: others.length ? 240 : 300,
        names: [first, ...(state.test_cost ? [others.length ? `${first}, ${t("test_curve")}` : t("test_curve")] : []), ...others.map((init) => lab.option("init", init)), ...(state.regression ? [] : [t("guessing")])],
        colours: [series(0), ...(state.test_cost ? [series(1)] : []), ...others.map((_, i) => series(i + 2)), colour("soft")],
        dashes: [[], ...(state.test_cost ? [[7, 4]] : []), ...others.map((_, i) => [[2, 3], [9, 3, 2, 3], [4, 4]][i]), [1, 4]],
      });
    }
    // Four costs differ by powers of ten: the axis is then logarithmic, and a cost of 0 stands at its lower end.
    const log = state.others.length > 0;
    const all = [state.cost, state.test_cost, ...state.others.map((one) => one.cost)].filter(Boolean).map((one) => one.values);
    plot.set([state.steps.values, ...(log ? all.map((one) => one.map((cost) => Math.max(cost, LEAST))) : all),
      ...(state.regression ? [] : [Array.from(state.steps.values, () => Math.LN2)])]);
    if (log) return;
    // From 0 on: a cost that stays at ln 2 is a line, not the noise of its last digits.
    const most = all.reduce((most, one) => one.reduce((a, b) => (Number.isFinite(b) && b > a ? b : a), most), state.regression ? 1e-9 : Math.LN2);
    plot.plot.setScale("y", { min: 0, max: 1.05 * most });
  }

  function paintSmall() {
    const all = [{ init: settings.init, plane: state.plane, cost: state.cost }, ...state.others];
    const { pen, width, height } = small;
    const most = state.regression ? largest(state) : 0;
    const side = Math.min(height - 36, (width - 4) / all.length - 8);
    small.range([0, width], [height, 0]);
    all.forEach((one, i) => {
      const [rows, columns] = one.plane.shape;
      const left = (i + 0.5) * (width / all.length) - side / 2;
      pen.save();
      pen.globalAlpha = 0.75;
      pen.drawImage(bitmap(flip(one.plane.values, rows, columns), rows, columns, diverging(), state.regression ? -most : 0, state.regression ? most : 1), left, 34, side, side);
      pen.restore();
      pen.strokeStyle = colour("line");
      pen.strokeRect(left, 34, side, side);
      pen.fillStyle = colour("ink");
      pen.textAlign = "center";
      pen.textBaseline = "top";
      pen.fillText(lab.option("init", one.init), left + side / 2, 2);
      pen.fillText(digits(one.cost.values[one.cost.values.length - 1]), left + side / 2, 17);
    });
  }

  // One neuron, or the plane as a layer transforms it -----------------------------------------------------------------

  const turn = [0.6, 0.35];
  const lowerFigure = new Figure(lower.box, { label: t("neuron_of"), ratio: 0.74, most: 900, paint: paintLower });
  const lowerLegend = element("ul", { class: "legend" });
  const lowerNumbers = element("p", { class: "help", text: " " });
  lower.box.append(lowerLegend, lowerNumbers, element("div", { class: "small-buttons" },
    labelled(neurons, "select_neuron"), labelled(inputs, "select_input"), labelled(weight, "edit_weight"), undo, undoAll));
  let from = null;
  lowerFigure.canvas.addEventListener("pointerdown", (event) => {
    if (settings?.lens !== "space") return;
    from = [event.clientX, event.clientY, ...turn];
    lowerFigure.canvas.setPointerCapture(event.pointerId);
  });
  lowerFigure.canvas.addEventListener("pointermove", (event) => {
    if (state && !state.space) {
      const [x, y] = lowerFigure.at(event);
      const found = valueAt(state.neuron || state.plane, state.extent, x, y);
      lowerNumbers.textContent = Number.isNaN(found) ? " " : `${place(x, y)} · ${t("sum")} ${digits(valueAt(state.neuron_sums || state.sums, state.extent, x, y))} · ${t("output")} ${digits(found)}`;
    }
    if (!from) return;
    turn[0] = from[2] + (event.clientX - from[0]) / 120;
    turn[1] = Math.max(-1.5, Math.min(1.5, from[3] + (event.clientY - from[1]) / 120));
    lowerFigure.redraw();
  });
  lowerFigure.canvas.addEventListener("pointerup", () => { from = null; });
  lowerFigure.canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!move || settings.lens !== "space") return;
    turn[0] += move[0];
    turn[1] = Math.max(-1.5, Math.min(1.5, turn[1] + move[1]));
    event.preventDefault();
    event.stopPropagation();
    lowerFigure.redraw();
  });

  const deep = () => state.space && state.space.lattice.shape[2] === 3;
  function paintLower() {
    if (!state) return;
    if (state.space) paintSpace(lowerFigure, state, turn);
    else paintNeuron(lowerFigure, state);
  }

  // Legends ------------------------------------------------------------------------------------------------------------

  const swatch = (color, border = false) => {
    const box = element("span", { class: "swatch" });
    if (border) { box.style.border = `3px solid ${color}`; } else box.style.background = color;
    return box;
  };
  const item = (...children) => element("li", {}, ...children);
  const mark = (text, color) => {
    const sign = element("span", { text, "aria-hidden": "true" });
    sign.style.color = color;
    return sign;
  };

  let legendsOf = "";
  function showLegends() {
    const now = JSON.stringify([state.kinds, state.regression, state.train < state.targets.shape[0], settings.edges, settings.lens, state.focus, state.space?.layer, deep(), state.space?.main, largest(state), state.space ? 0 : neuronRange(state)]);
    if (legendsOf === now) return;
    legendsOf = now;
    const edge = lab.option("edges", settings.edges);
    networkLegend.replaceChildren(item(`${t("node_type")}:`),
      ...[...new Set(state.kinds)].map((kind) => item(swatch(kindColour(kind), true), t(kind))),
      item(mark("━━", colour("high")), `${edge}: ${t("positive")}`), item(mark("╍╍", colour("low")), t("negative")), item(t("unit_of_width")));
    plane.title.textContent = t(state.regression ? "surface_of" : "plane_of");
    const most = digits(largest(state));
    planeLegend.replaceChildren(...(state.regression
      ? [item(swatch(colour("low")), `−${most}`), item(swatch(colour("high")), most), item(`${t("target")} / ${t("output")}`)]
      : [item(mark("●", colour("low")), t("class0")), item(mark("▲", colour("high")), t("class1")), item(mark("━", colour("ink")), t("boundary"))]),
    ...(state.train < state.targets.shape[0] ? [item(t("test_points"))] : []));
    const [layer, unit] = state.focus;
    if (!state.space) {
      lower.title.textContent = `${t("neuron_of")}: ${neuronName(layer, unit)}`;
      lowerLegend.replaceChildren(item(mark("━", colour("ink")), t("zero_line")), ...neuronRange(state).map((one, k) => item(swatch(colour(k ? "high" : "low")), short(one))));
      return;
    }
    const shown = state.space.layer;
    lower.title.textContent = `${t("space_of")}: ${shown ? `${t("hidden")} ${shown}` : t("input_neuron")}`;
    lowerLegend.replaceChildren(
      ...(state.space.main ? [item(t("main_directions"))] : []),
      ...(state.space.normal ? [item(mark("▱", colour(deep() ? "c3" : "ink")), t("next_plane"))] : []),
      ...(deep() ? [item(t("turn"))] : []));
  }

  function update() {
    if (!state) return;
    showSelection();
    showLegends();
    picture.draw(state, settings, chosenEdge());
    planeFigure.redraw();
    lowerFigure.redraw();
    small.redraw();
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      const own = OWN.includes(settings.data);
      putBar.hidden = !own;
      kindLabels[0].hidden = settings.data !== "own";
      kindLabels[1].querySelector("span").textContent = settings.data === "own" ? t("class1") : t("value");
      value.hidden = settings.data === "own";
      canvas.style.cursor = own ? "crosshair" : "default";
      canvas.setAttribute("aria-label", own ? `${t("plane_of")}: ${t("put_by_keys")}` : t("plane_of"));
      if (own) canvas.tabIndex = 0;
      else canvas.removeAttribute("tabindex");
      if (deep()) lowerFigure.canvas.tabIndex = 0;
      else lowerFigure.canvas.removeAttribute("tabindex");
      lowerFigure.canvas.style.touchAction = deep() ? "none" : "";
      story.textContent = t(`story_${settings.init}`);
      showTiles();
      update();
      showCosts();
    },
    destroy() {
      picture.destroy();
      for (const figure of [planeFigure, lowerFigure, small]) figure.destroy();
      plot?.destroy();
    },
  };
}
