// Pictures on a canvas in the coordinates of the data, in the colours of the page's theme.

import { digits, element, short } from "./words.js";

// The colours of lab.css: --ink, --paper, --c0 ... --c7 (safe for colour-blind eyes).
let themed = document.documentElement; // whose style has the colours; in a notebook the widget
export function setThemed(node) {
  themed = node;
}
export function colour(name) {
  return getComputedStyle(themed).getPropertyValue(`--${name}`).trim();
}
export const series = (i) => colour(`c${i % 8}`);

const rgb = (text) => {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
};

// A table of 256 colours from --low over --paper to --high: for values of both signs, and for classes.
export function diverging() {
  return between([rgb(colour("low")), rgb(colour("middle")), rgb(colour("high"))]);
}
// From --paper to --ink: for grey pictures, where 0 is black on both themes.
export function grey() {
  return between([[0, 0, 0], [255, 255, 255]]);
}
// From light to dark: for heights.
export function heights() {
  return between(["height0", "height1", "height2", "height3"].map((name) => rgb(colour(name))));
}
function between(stops) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) table[3 * i + c] = stops[k][c] + (place - k) * (stops[k + 1][c] - stops[k][c]);
  }
  return table;
}

// A picture of values in rows (the first row at the top) as a canvas of one pixel a value.
export function bitmap(values, height, width, table, from = 0, to = 1) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  const scale = 255 / (to - from || 1);
  for (let i = 0; i < width * height; i++) {
    const value = values[i];
    const k = 3 * Math.max(0, Math.min(255, Math.round((value - from) * scale)));
    image.data[4 * i] = table[k];
    image.data[4 * i + 1] = table[k + 1];
    image.data[4 * i + 2] = table[k + 2];
    image.data[4 * i + 3] = Number.isNaN(value) ? 0 : 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

// A canvas that fills the width of its parent. `paint(figure)` draws it whole, whenever something has changed.
export class Figure {
  constructor(parent, { label, ratio = 0.75, most = 720, paint }) {
    this.canvas = element("canvas", { role: "img", "aria-label": label, class: "figure" });
    this.ratio = ratio;
    this.most = most;
    this.paint = paint;
    this.box = { left: 46, right: 12, top: 12, bottom: 36 };
    this.x = [0, 1];
    this.y = [0, 1];
    parent.append(this.canvas);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(parent);
    this.parent = parent;
    this.resize();
  }

  resize() {
    const style = getComputedStyle(this.parent);
    const room = this.parent.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    this.width = Math.max(120, Math.min(room, this.most));
    this.height = Math.round(this.width * this.ratio);
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.pen = this.canvas.getContext("2d");
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.redraw();
  }

  redraw() {
    if (!this.pen || !this.paint) return;
    this.pen.clearRect(0, 0, this.width, this.height);
    this.pen.font = "12px system-ui, sans-serif";
    this.paint(this);
  }

  destroy() {
    this.observer.disconnect();
  }

  // The range that the picture shows; `equal` keeps circles round.
  range(x, y, equal = false) {
    this.x = [...x];
    this.y = [...y];
    if (equal) {
      const { left, right, top, bottom } = this.box;
      const perX = (x[1] - x[0]) / (this.width - left - right);
      const perY = (y[1] - y[0]) / (this.height - top - bottom);
      const [range, more] = perX < perY ? [this.x, perY / perX] : [this.y, perX / perY];
      const middle = (range[0] + range[1]) / 2;
      const half = ((range[1] - range[0]) / 2) * more;
      [range[0], range[1]] = [middle - half, middle + half];
    }
  }

  px(x) {
    const { left, right } = this.box;
    return left + ((x - this.x[0]) / (this.x[1] - this.x[0])) * (this.width - left - right);
  }

  py(y) {
    const { top, bottom } = this.box;
    return this.height - bottom - ((y - this.y[0]) / (this.y[1] - this.y[0])) * (this.height - top - bottom);
  }

  // The point of the data below a mouse event.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { left, right, top, bottom } = this.box;
    const u = (event.clientX - box.left - left) / (this.width - left - right);
    const v = (this.height - bottom - (event.clientY - box.top)) / (this.height - top - bottom);
    return [this.x[0] + u * (this.x[1] - this.x[0]), this.y[0] + v * (this.y[1] - this.y[0])];
  }

  // Calls `move(x, y, done)` while a point that is near (as `near(x, y)` tells) is dragged.
  onDrag(near, move) {
    let dragging = false;
    this.canvas.style.touchAction = "none";
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!near(...this.at(event), event)) return;
      dragging = true;
      this.canvas.setPointerCapture(event.pointerId);
      move(...this.at(event), false);
    });
    this.canvas.addEventListener("pointermove", (event) => { if (dragging) move(...this.at(event), false); });
    this.canvas.addEventListener("pointerup", (event) => {
      if (dragging) move(...this.at(event), true);
      dragging = false;
    });
  }

  // Restricts what `draw` draws to the inside of the axes.
  inside(draw) {
    const { left, right, top, bottom } = this.box;
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(left, top, this.width - left - right, this.height - top - bottom);
    this.pen.clip();
    draw();
    this.pen.restore();
  }

  axes({ xlabel = "", ylabel = "", grid = false, yticks = true } = {}) {
    const { pen, box } = this;
    const { left, right, top, bottom } = box;
    pen.save();
    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("ink");
    pen.lineWidth = 1;
    pen.strokeRect(left + 0.5, top + 0.5, this.width - left - right - 1, this.height - top - bottom - 1);
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const tick of ticks(...this.x, Math.max(2, (this.width - left - right) / 80))) {
      const x = this.px(tick);
      line(pen, [[x, this.height - bottom], [x, this.height - bottom + 4]]);
      if (grid) line(pen, [[x, top], [x, this.height - bottom]], 0.4);
      pen.fillText(short(tick), x, this.height - bottom + 6);
    }
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of !yticks ? [] : ticks(...this.y, Math.max(2, (this.height - top - bottom) / 50))) {
      const y = this.py(tick);
      line(pen, [[left - 4, y], [left, y]]);
      if (grid) line(pen, [[left, y], [this.width - right, y]], 0.4);
      pen.fillText(short(tick), left - 6, y);
    }
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    pen.fillText(xlabel, (left + this.width - right) / 2, this.height - 2);
    pen.translate(10, (top + this.height - bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.textBaseline = "middle";
    pen.fillText(ylabel, 0, 0);
    pen.restore();
  }

  // A bitmap over [x from, x to] x [y from, y to]; its first row is at the top.
  image(picture, x, y, smooth = false) {
    this.pen.save();
    this.pen.imageSmoothingEnabled = smooth;
    const [left, right, top, bottom] = [this.px(x[0]), this.px(x[1]), this.py(y[1]), this.py(y[0])];
    this.pen.drawImage(picture, left, top, right - left, bottom - top);
    this.pen.restore();
  }

  line(xs, ys, { color = colour("ink"), width = 2, dash = [], alpha = 1 } = {}) {
    const { pen } = this;
    pen.save();
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.globalAlpha = alpha;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    let down = false;
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) { down = false; continue; }
      const [x, y] = [clamp(this.px(xs[i])), clamp(this.py(ys[i]))];
      if (down) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      down = true;
    }
    pen.stroke();
    pen.restore();
  }

  dot(x, y, { color = colour("ink"), radius = 4, edge = colour("paper"), shape = "circle" } = {}) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    const { pen } = this;
    const [u, v] = [this.px(x), this.py(y)];
    pen.save();
    pen.fillStyle = color;
    pen.strokeStyle = edge;
    pen.lineWidth = 1.25;
    pen.beginPath();
    if (shape === "circle") pen.arc(u, v, radius, 0, 2 * Math.PI);
    else if (shape === "square") pen.rect(u - radius, v - radius, 2 * radius, 2 * radius);
    else {
      pen.moveTo(u, v - 1.3 * radius);
      pen.lineTo(u + 1.2 * radius, v + radius);
      pen.lineTo(u - 1.2 * radius, v + radius);
      pen.closePath();
    }
    pen.fill();
    pen.stroke();
    pen.restore();
  }

  arrow(from, to, { color = colour("ink"), width = 2 } = {}) {
    const { pen } = this;
    const [x0, y0, x1, y1] = [this.px(from[0]), this.py(from[1]), this.px(to[0]), this.py(to[1])];
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (!(length > 0.5) || length > 1e5) return;
    const head = Math.min(9, length);
    const angle = Math.atan2(y1 - y0, x1 - x0);
    pen.save();
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = width;
    line(pen, [[x0, y0], [x1 - head * 0.7 * Math.cos(angle), y1 - head * 0.7 * Math.sin(angle)]]);
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x1 - head * Math.cos(angle - 0.4), y1 - head * Math.sin(angle - 0.4));
    pen.lineTo(x1 - head * Math.cos(angle + 0.4), y1 - head * Math.sin(angle + 0.4));
    pen.closePath();
    pen.fill();
    pen.restore();
  }

  text(x, y, words, { color = colour("ink"), align = "center", baseline = "middle", size = 12, bold = false } = {}) {
    const { pen } = this;
    pen.save();
    pen.fillStyle = color;
    pen.textAlign = align;
    pen.textBaseline = baseline;
    pen.font = `${bold ? "bold " : ""}${size}px system-ui, sans-serif`;
    pen.fillText(words, this.px(x), this.py(y));
    pen.restore();
  }

  // Bars from `edges[i]` to `edges[i + 1]`: a histogram.
  bars(edges, counts, { color = series(0) } = {}) {
    const { pen } = this;
    pen.save();
    pen.fillStyle = color;
    for (let i = 0; i < counts.length; i++) {
      const [left, right, top, bottom] = [this.px(edges[i]), this.px(edges[i + 1]), this.py(counts[i]), this.py(0)];
      pen.fillRect(left + 0.5, top, Math.max(1, right - left - 1), bottom - top);
    }
    pen.restore();
  }

  // Lines of equal height through values in rows, the first row at y[0].
  contours(values, rows, columns, x, y, levels, { color = colour("ink"), width = 1, alpha = 0.6 } = {}) {
    const { pen } = this;
    pen.save();
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.globalAlpha = alpha;
    pen.beginPath();
    for (const level of levels) {
      for (const [c0, r0, c1, r1] of marchingSquares(values, rows, columns, level)) {
        const place = (c, r) => [this.px(x[0] + (c / (columns - 1)) * (x[1] - x[0])), this.py(y[0] + (r / (rows - 1)) * (y[1] - y[0]))];
        pen.moveTo(...place(c0, r0));
        pen.lineTo(...place(c1, r1));
      }
    }
    pen.stroke();
    pen.restore();
  }
}

// A surface seen from above and aside, as lines along both axes. Returns the place of (x, y) on it, for `line` and `dot`.
export function perspective(figure, values, rows, columns, x, y, color) {
  const finite = values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  figure.range([-1.5, 1.5], [-0.95, 1.05]);
  const place = (u, v, height) => [(u - v) * 0.72, -(u + v) * 0.36 + ((height - low) / (high - low || 1)) * 0.85 - 0.15];
  const every = Math.max(1, Math.round(columns / 30));
  const draw = (cells) => {
    const points = cells.map(([c, r]) => place((c / (columns - 1)) * 2 - 1, (r / (rows - 1)) * 2 - 1, values[r * columns + c]));
    figure.line(points.map((p) => p[0]), points.map((p) => p[1]), { color, width: 1, alpha: 0.55 });
  };
  for (let r = 0; r < rows; r += every) draw(Array.from({ length: columns }, (_, c) => [c, r]));
  for (let c = 0; c < columns; c += every) draw(Array.from({ length: rows }, (_, r) => [c, r]));
  return (px, py) => {
    const u = ((px - x[0]) / (x[1] - x[0])) * 2 - 1;
    const v = ((py - y[0]) / (y[1] - y[0])) * 2 - 1;
    if (!(Math.abs(u) <= 1 && Math.abs(v) <= 1)) return [NaN, NaN];
    return place(u, v, values[Math.round(((v + 1) / 2) * (rows - 1)) * columns + Math.round(((u + 1) / 2) * (columns - 1))]);
  };
}

// Rows from the bottom up become rows from the top down.
export function flip(values, rows, columns) {
  const flipped = new values.constructor(values.length);
  for (let r = 0; r < rows; r++) flipped.set(values.subarray(r * columns, (r + 1) * columns), (rows - 1 - r) * columns);
  return flipped;
}

const clamp = (value) => Math.max(-1e4, Math.min(1e4, value));

function line(pen, points, alpha = 1) {
  pen.save();
  pen.globalAlpha = alpha;
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  pen.restore();
}

// Round numbers between two bounds, about `count` of them.
export function ticks(from, to, count = 5) {
  if (!(to > from) || !Number.isFinite(to - from)) return [];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  const found = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

// Where a level crosses the edges of each square of four neighbours: segments [column, row, column, row].
function marchingSquares(values, rows, columns, level) {
  const segments = [];
  for (let r = 0; r + 1 < rows; r++) {
    for (let c = 0; c + 1 < columns; c++) {
      const [a, b, d, e] = [values[r * columns + c], values[r * columns + c + 1], values[(r + 1) * columns + c], values[(r + 1) * columns + c + 1]];
      const crossings = [];
      const cross = (from, to, c0, r0, c1, r1) => {
        if (from < level !== to < level) {
          const t = (level - from) / (to - from);
          crossings.push(c0 + t * (c1 - c0), r0 + t * (r1 - r0));
        }
      };
      cross(a, b, c, r, c + 1, r);
      cross(a, d, c, r, c, r + 1);
      cross(b, e, c + 1, r, c + 1, r + 1);
      cross(d, e, c, r + 1, c + 1, r + 1);
      for (let i = 0; i + 3 < crossings.length; i += 4) segments.push(crossings.slice(i, i + 4));
    }
  }
  return segments;
}

// Curves over steps, drawn by uPlot. `set([xs, ys, ys, ...])` takes plain or typed arrays. `include` are values that
// the y axis always shows, so that small changes do not fill the picture.
export class Curves {
  constructor(parent, { label, names, xlabel, ylabel, colours = [], dashes = [], height = 220, log = false, include = [] }) {
    this.holder = element("div", { class: "curves", role: "img", "aria-label": label });
    parent.append(this.holder);
    const ink = colour("ink");
    const range = (_, low, high) => {
      const known = [low, high, ...include].filter(Number.isFinite); // null where there is no value yet
      return uPlot.rangeNum(Math.min(...known), Math.max(...known), 0.1, true);
    };
    const axis = (words) => ({
      label: words, stroke: ink, labelSize: 18, size: 52, font: "12px system-ui", labelFont: "12px system-ui",
      grid: { stroke: colour("faint"), width: 1 }, ticks: { stroke: colour("line") },
      values: (_, values) => values.map((value) => (value === null ? "" : short(value))),
    });
    this.plot = new uPlot({
      width: 300, height, cursor: { y: false }, legend: { live: true },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, ...(include.length && !log ? { range } : {}) } },
      axes: [{ ...axis(xlabel), size: 34 }, axis(ylabel)],
      series: [{ label: xlabel }, ...names.map((name, i) => ({
        label: name, stroke: colours[i] || series(i), width: 2, dash: dashes[i], points: { show: false },
        value: (_, value) => (value === null ? "–" : digits(value)),
      }))],
    }, [[], ...names.map(() => [])], this.holder);
    this.observer = new ResizeObserver(() => this.plot.setSize({ width: Math.max(160, this.holder.clientWidth), height }));
    this.observer.observe(this.holder);
  }

  set(columns) {
    // uPlot takes null, not NaN and infinity, for what is not there.
    this.plot.setData(columns.map((column) => Array.from(column, (value) => (Number.isFinite(value) ? value : null))));
  }

  destroy() {
    this.observer.disconnect();
    this.plot.destroy();
  }
}

// A table with a caption, of texts and numbers.
export function table(caption, head, rows) {
  return element("table", {}, element("caption", { text: caption }),
    element("thead", {}, element("tr", {}, ...head.map((one) => element(one ? "th" : "td", { scope: one ? "col" : null, text: one })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((one, i) => element(i ? "td" : "th", {
      scope: i ? null : "row", text: typeof one === "number" ? digits(one) : one,
    }))))));
}

// A small square of a colour, for a legend.
export function swatch(color) {
  const box = element("span", { class: "swatch" });
  box.style.background = color;
  return box;
}

// The entries of a legend, for a list of the class "legend", from pairs of a colour and its words.
export function legendItems(pairs) {
  return pairs.map(([color, words]) => element("li", {}, swatch(color), words));
}
