// Pictures of the plane in the panel "initialization": the decision boundary with the points, one neuron, and the plane
// as a layer transforms it.

import { bitmap, colour, diverging } from "../draw.js";
import { short } from "../words.js";

// Rows from the bottom up become rows from the top down.
export function flip(values, rows, columns) {
  const flipped = new values.constructor(values.length);
  for (let r = 0; r < rows; r++) flipped.set(values.subarray(r * columns, (r + 1) * columns), (rows - 1 - r) * columns);
  return flipped;
}

function paintMap(figure, values, extent, from, to) {
  const [rows, columns] = values.shape;
  const side = [-extent, extent];
  figure.pen.save();
  figure.pen.globalAlpha = 0.62;
  figure.image(bitmap(flip(values.values, rows, columns), rows, columns, diverging(), from, to), side, side, true);
  figure.pen.restore();
}

// The largest size of the targets: what the full colours mean in a regression.
export const largest = (state) => state.targets.values.reduce((a, b) => Math.max(a, Math.abs(b)), 0.1);

export function targetColour(state, i, table) {
  const value = state.targets.values[i];
  if (!state.regression) return colour(value > 0.5 ? "high" : "low");
  const k = 3 * Math.max(0, Math.min(255, Math.round(127.5 * (1 + value / largest(state)))));
  return `rgb(${table[k]}, ${table[k + 1]}, ${table[k + 2]})`;
}

function paintPoints(figure, state, place) {
  const table = diverging();
  const [ink, paper] = [colour("ink"), colour("paper")];
  for (let i = 0; i < state.targets.shape[0]; i++) {
    const color = targetColour(state, i, table);
    const test = i >= state.train;
    const [x, y] = place(i);
    const shape = !state.regression && state.targets.values[i] > 0.5 ? "triangle" : "circle";
    figure.dot(x, y, { color: test ? paper : color, edge: test ? color : state.regression ? ink : paper, radius: 4, shape });
  }
}

// The network's output, its boundary, and the points.
export function paintPlane(figure, state) {
  const { extent, plane, points } = state;
  figure.range([-extent, extent], [-extent, extent]);
  figure.inside(() => {
    const most = largest(state);
    if (state.regression) paintMap(figure, plane, extent, -most, most);
    else paintMap(figure, plane, extent, 0, 1);
    const [rows, columns] = plane.shape;
    // The boundary is where the sum before the sigmoid is 0: outputs that jump from 0 to 1 would make it a staircase.
    const levels = state.regression ? [-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75].map((one) => one * most) : [0];
    figure.contours(state.sums.values, rows, columns, figure.x, figure.y, levels,
      { color: colour("ink"), width: state.regression ? 1 : 2.5, alpha: state.regression ? 0.45 : 0.9 });
    paintPoints(figure, state, (i) => [points.values[2 * i], points.values[2 * i + 1]]);
  });
  figure.axes({ xlabel: "x", ylabel: "y" });
}

// One neuron's output, and the line on which the sum before its activation is 0.
export function paintNeuron(figure, state) {
  figure.box = { left: 46, right: 12, top: 12, bottom: 36 };
  const { extent } = state;
  const [neuron, sums] = state.neuron ? [state.neuron, state.neuron_sums] : [state.plane, state.sums];
  figure.range([-extent, extent], [-extent, extent]);
  figure.inside(() => {
    paintMap(figure, neuron, extent, ...neuronRange(state));
    const [rows, columns] = sums.shape;
    figure.contours(sums.values, rows, columns, figure.x, figure.y, [0], { color: colour("ink"), width: 2, alpha: 0.9 });
    for (let i = 0; i < state.targets.shape[0]; i++) {
      figure.dot(state.points.values[2 * i], state.points.values[2 * i + 1], { color: colour("ink"), edge: colour("paper"), radius: 2 });
    }
  });
  figure.axes({ xlabel: "x", ylabel: "y" });
}

// What the two full colours of the selected neuron's picture mean.
export function neuronRange(state) {
  if (!state.neuron && !state.regression) return [0, 1];
  const most = (state.neuron || state.plane).values.reduce((a, b) => (Math.abs(b) > a ? Math.abs(b) : a), 0) || 1;
  return [-most, most];
}

// The value of a map at a point, from the nearest of its grid.
export function valueAt(map, extent, x, y) {
  const [rows, columns] = map.shape;
  const c = Math.round(((x + extent) / (2 * extent)) * (columns - 1));
  const r = Math.round(((y + extent) / (2 * extent)) * (rows - 1));
  return c >= 0 && r >= 0 && c < columns && r < rows ? map.values[r * columns + c] : NaN;
}

// The lattice of the plane and the points in the space of a layer's outputs: two axes, or three in perspective.
export function paintSpace(figure, state, turn) {
  const { space } = state;
  const { lattice, points } = space;
  const [rows, columns, width] = lattice.shape;
  const low = [];
  const high = [];
  for (let k = 0; k < width; k++) {
    let [a, b] = [Infinity, -Infinity];
    for (const array of [lattice.values, points.values]) {
      for (let i = k; i < array.length; i += width) {
        if (Number.isFinite(array[i])) { a = Math.min(a, array[i]); b = Math.max(b, array[i]); }
      }
    }
    if (!(b > a)) { a = (Number.isFinite(a) ? a : 0) - 1; b = a + 2; }
    low.push(a);
    high.push(b);
  }
  figure.box = width < 3 ? { left: 46, right: 12, top: 12, bottom: 36 } : { left: 6, right: 6, top: 6, bottom: 6 };
  if (width < 3) paintFlat(figure, state, low, high);
  else paintDeep(figure, state, low, high, turn);
  return { rows, columns };
}

const axisName = (space, k) => (space.main ? `PC${k + 1}` : `h${"₁₂₃"[k]}`);

function lines(space, each) {
  const [rows, columns] = space.lattice.shape;
  for (let r = 0; r < rows; r += 2) each(Array.from({ length: columns }, (_, c) => r * columns + c), r === 0 || r === rows - 1);
  for (let c = 0; c < columns; c += 2) each(Array.from({ length: rows }, (_, r) => r * columns + c), c === 0 || c === columns - 1);
}

function paintFlat(figure, state, low, high) {
  const { space } = state;
  const width = space.lattice.shape[2];
  const range = (k) => { const room = (high[k] - low[k]) * 0.06; return [low[k] - room, high[k] + room]; };
  figure.range(range(0), width > 1 ? range(1) : [-1, 1]);
  const take = (array) => (i) => [array.values[width * i], width > 1 ? array.values[width * i + 1] : 0];
  figure.inside(() => {
    const at = take(space.lattice);
    lines(space, (cells, edge) => {
      const placed = cells.map(at);
      figure.line(placed.map((p) => p[0]), placed.map((p) => p[1]), { color: colour("line"), width: edge ? 2 : 1, alpha: 0.6 });
    });
    if (space.normal && width === 2) {
      const [a, b] = space.normal.values;
      const along = Math.abs(b) > Math.abs(a);
      const from = along ? figure.x : figure.y;
      const other = from.map((one) => -(space.offset + (along ? a : b) * one) / (along ? b : a));
      figure.line(along ? from : other, along ? other : from, { color: colour("ink"), width: 2.5 });
    }
    paintPoints(figure, state, take(space.points));
  });
  figure.axes({ xlabel: axisName(space, 0), ylabel: width > 1 ? axisName(space, 1) : "" });
}

function paintDeep(figure, state, low, high, turn) {
  const { space } = state;
  const width = 3;
  const scale = low.map((a, k) => 2 / (high[k] - a));
  const [sin, cos, tilt, lift] = [Math.sin(turn[0]), Math.cos(turn[0]), Math.sin(turn[1]), Math.cos(turn[1])];
  const project = (p) => {
    const [u, v, w] = p.map((one, k) => (one - low[k]) * scale[k] - 1);
    return [cos * u + sin * v, lift * w + tilt * (cos * v - sin * u)];
  };
  figure.range([-1.6, 1.6], [-1.6, 1.6], true);
  const draw = (corners, style) => {
    const placed = corners.map(project);
    figure.line(placed.map((p) => p[0]), placed.map((p) => p[1]), style);
  };
  const axis = (k) => low.map((a, i) => (i === k ? high[i] : a));
  for (let k = 0; k < 3; k++) {
    draw([low, axis(k)], { color: colour("ink"), width: 1.5 });
    const [x, y] = project(low.map((a, i) => (i === k ? a + (high[i] - a) * 1.09 : a)));
    figure.text(x, y, `${axisName(space, k)} = ${short(high[k])}`, { bold: true });
  }
  const take = (array) => (i) => [0, 1, 2].map((k) => array.values[width * i + k]);
  const at = take(space.lattice);
  lines(space, (cells, edge) => draw(cells.map(at), { color: colour("line"), width: edge ? 2 : 1, alpha: 0.65 }));
  if (space.normal && !space.main) paintBorder(figure, space, low, high, project);
  const point = take(space.points);
  paintPoints(figure, state, (i) => project(point(i)));
}

// The part of the output neuron's plane, w·h + b = 0, that is within the box: the polygon of its crossings with the edges.
function paintBorder(figure, space, low, high, project) {
  const normal = Array.from(space.normal.values);
  const value = (p) => p.reduce((sum, one, k) => sum + one * normal[k], space.offset);
  const crossings = [];
  for (let k = 0; k < 3; k++) {
    const others = [0, 1, 2].filter((one) => one !== k);
    for (let corner = 0; corner < 4; corner++) {
      const from = [...low];
      others.forEach((other, bit) => { if ((corner >> bit) & 1) from[other] = high[other]; });
      const to = [...from];
      to[k] = high[k];
      const [a, b] = [value(from), value(to)];
      if (a < 0 !== b < 0) crossings.push(from.map((one, i) => one + (a / (a - b)) * (to[i] - one)));
    }
  }
  if (crossings.length < 3) return;
  const placed = crossings.map(project);
  const middle = [0, 1].map((k) => placed.reduce((sum, p) => sum + p[k], 0) / placed.length);
  placed.sort((p, q) => Math.atan2(p[1] - middle[1], p[0] - middle[0]) - Math.atan2(q[1] - middle[1], q[0] - middle[0]));
  const { pen } = figure;
  pen.save();
  pen.fillStyle = colour("c3");
  pen.strokeStyle = colour("c3");
  pen.lineWidth = 1.5;
  pen.beginPath();
  placed.forEach(([x, y], i) => (i ? pen.lineTo(figure.px(x), figure.py(y)) : pen.moveTo(figure.px(x), figure.py(y))));
  pen.closePath();
  pen.globalAlpha = 0.22;
  pen.fill();
  pen.globalAlpha = 0.9;
  pen.stroke();
  pen.restore();
}
