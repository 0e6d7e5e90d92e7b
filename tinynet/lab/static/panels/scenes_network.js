// The network 2-2-1 as a graph of its terms: each node has its value, each edge its weight, and below stand gradients.

import { Figure, colour } from "../draw.js";
import { digits, element } from "../words.js";

// Place of each node: column along the network, row across it.
const NODES = {
  x1: [0, 1], x2: [0, -1], z1: [1.75, 1], z2: [1.75, -1], a1: [2.75, 1], a2: [2.75, -1],
  z: [4.4, 0], y: [5.4, 0], L: [6.5, 0], t: [6.5, -1],
};
const LABELS = { x1: "x₁", x2: "x₂", z1: "z₁", z2: "z₂", a1: "a₁", a2: "a₂", z: "z", y: "ŷ", L: "L", t: "t" };
// from, to, name of the weight, place of its label along the edge
const WEIGHTS = [
  ["x1", "z1", "w11", 0.46], ["x1", "z2", "w12", 0.27], ["x2", "z1", "w21", 0.27], ["x2", "z2", "w22", 0.46],
  ["a1", "z", "v1", 0.48], ["a2", "z", "v2", 0.48],
];
const BIASES = { b1: "z1", b2: "z2", c: "z" };
const PLAIN = [["z1", "a1"], ["z2", "a2"], ["z", "y"], ["y", "L"], ["t", "L"]];
const WEIGHT_LABELS = { w11: "w₁₁", w12: "w₁₂", w21: "w₂₁", w22: "w₂₂", b1: "b₁", b2: "b₂", v1: "v₁", v2: "v₂", c: "c" };
const FUNCTIONS = { sigmoid: "σ", tanh: "tanh", relu: "ReLU", linear: "=" };

export class Network {
  constructor(root, lab) {
    this.state = null;
    this.figure = new Figure(root, { label: lab.t("network_of"), ratio: 0.52, most: 900, paint: () => this.state && this.paint() });
    const legend = [["high", "positive"], ["low", "negative"], ["c2", "gradient_number"], ["accent", "now"]];
    root.append(element("ul", { class: "legend" }, ...legend.map(([name, words]) => {
      const box = element("span", { class: "swatch" });
      box.style.background = `var(--${name})`;
      return element("li", {}, box, lab.t(words));
    })));
  }

  show(state, settings) {
    this.state = state;
    this.settings = settings;
    this.figure.redraw();
  }

  destroy() {
    this.figure.destroy();
  }

  paint() {
    const { figure } = this;
    this.tall = figure.width < 560; // on a phone the network stands upright
    const ratio = this.tall ? 1.75 : 0.52;
    if (figure.ratio !== ratio) {
      figure.ratio = ratio;
      figure.resize();
      return;
    }
    figure.box = this.tall ? { left: 8, right: 8, top: 30, bottom: 30 } : { left: 34, right: 34, top: 8, bottom: 8 };
    if (this.tall) figure.range([-2.15, 2.15], [-6.6, 0.1]);
    else figure.range([0, 6.5], [-1.75, 1.75]);
    this.radius = this.tall ? Math.min(21, figure.width / 16) : Math.min(28, figure.width / 30);
    this.size = Math.max(11, Math.round(this.radius * 0.52));
    const term = this.state.term;
    this.now = term ? term.name : null;
    this.uses = new Set(term ? term.uses : []);
    for (const [from, to] of PLAIN) this.edge(from, to, { color: this.lit(from, to) ? colour("accent") : colour("line"), width: this.lit(from, to) ? 4 : 1.5 });
    for (const one of WEIGHTS) this.weightEdge(...one);
    this.functions();
    for (const name of Object.keys(NODES)) this.node(name);
    for (const one of WEIGHTS) this.weightLabel(...one);
    for (const [name, node] of Object.entries(BIASES)) this.bias(name, node);
  }

  place(name) {
    const [along, across] = NODES[name];
    return this.tall ? [-across, -along] : [along, across];
  }

  // Whether an edge belongs to the term: its two ends are the result and something that is used.
  lit(from, to) {
    const { now, uses } = this;
    if (!now) return false;
    if (now[0] !== "d") return now === to && uses.has(from);
    const inner = now.slice(1); // a derivative comes back along the edge
    return inner === from && (uses.has(`d${to}`) || (to === "L" && (inner === "y")));
  }

  edge(from, to, look) {
    const [a, b] = [this.place(from), this.place(to)];
    this.figure.line([a[0], b[0]], [a[1], b[1]], look);
  }

  weightEdge(from, to, name) {
    const w = this.weight(name);
    const lit = this.lit(from, to) || this.now === `d${name}`;
    if (lit) this.edge(from, to, { color: colour("accent"), width: 9, alpha: 0.35 });
    this.edge(from, to, { color: colour(w > 0 ? "high" : "low"), width: 1 + 2.5 * Math.min(1.6, Math.abs(w) || 0) });
  }

  weight(name) {
    const { names, before, after, updated } = this.state;
    return (updated ? after : before).values[names.indexOf(name)];
  }

  functions() {
    const { figure, state } = this;
    for (const [from, to, name] of [["z1", "a1", state.activation], ["z2", "a2", state.activation], ["z", "y", state.output]]) {
      const [a, b] = [this.place(from), this.place(to)];
      const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      this.write(figure.px(x), figure.py(y) - (this.tall ? 0 : 8), FUNCTIONS[name], { size: this.size, color: colour("soft"), ground: this.tall });
    }
  }

  value(name) {
    const known = this.state.known[name];
    if (!known) return undefined;
    return known.values[Math.min(this.settings.sample, known.values.length) - 1];
  }

  node(name) {
    const { figure, radius, size } = this;
    const [x, y] = this.place(name);
    const [u, v] = [figure.px(x), figure.py(y)];
    const [value, gradient] = [this.value(name), this.value(`d${name}`)];
    const [isNow, used] = [this.now === name || this.now === `d${name}`, this.uses.has(name) || this.uses.has(`d${name}`)];
    const edge = isNow || used ? colour("accent") : value === undefined ? colour("line") : colour("ink");
    if (isNow) figure.dot(x, y, { radius: radius + 4, color: colour("accent"), edge: colour("accent") });
    figure.dot(x, y, { radius, color: value === undefined ? colour("paper") : colour("ground"), edge });
    if (used && !isNow) figure.dot(x, y, { radius: radius - 2, color: colour("ground"), edge });
    this.write(u, v, value === undefined ? "?" : compact(value), { size, bold: true, color: value === undefined ? colour("line") : colour("ink") });
    const title = LABELS[name];
    if (name === "t" && this.tall) this.write(u + radius + 5, v, title, { size: size + 2, align: "left", bold: true });
    else if (this.tall || name === "t") this.write(u - radius - 5, v, title, { size: size + 2, align: "right", bold: true });
    else this.write(u, v - radius - 11, title, { size: size + 2, bold: true });
    if (gradient !== undefined) {
      const text = `∂ ${compact(gradient)}`;
      const look = { size, color: colour("c2"), bold: this.now === `d${name}`, ground: true };
      if (this.tall) this.write(u + radius + 4, v, text, { ...look, align: "left" });
      else this.write(u, v + radius + 11, text, look);
    }
  }

  weightLabel(from, to, name, along) {
    const { figure } = this;
    const [a, b] = [this.place(from), this.place(to)];
    if (this.tall && along === 0.46) along = 0.62; // upright, the labels of crossing edges stand beside these
    this.label(name, figure.px(a[0] + along * (b[0] - a[0])), figure.py(a[1] + along * (b[1] - a[1])));
  }

  bias(name, node) {
    const { figure, radius } = this;
    const [x, y] = this.place(node);
    const [u, v] = [figure.px(x), figure.py(y)];
    const side = node === "z2" ? 1 : -1;
    if (this.tall) this.label(name, u + side * (radius + 34), v - radius - 6);
    else this.label(name, u, v + side * (radius + 40));
  }

  // A weight: its name and number, the gradient below.
  label(name, u, v) {
    const { size } = this;
    const isNow = this.now === `d${name}`;
    const used = this.uses.has(name) || this.state.updated;
    const gradient = this.state.known[`d${name}`]?.values[0];
    const color = isNow || used ? colour("accent") : colour("ink");
    this.write(u, v - (gradient === undefined ? 0 : size * 0.6), `${WEIGHT_LABELS[name]} ${compact(this.weight(name))}`, { size, bold: isNow || used, color, ground: true });
    if (gradient !== undefined) this.write(u, v + size * 0.75, `∂ ${compact(gradient)}`, { size, bold: isNow, color: colour("c2"), ground: true });
  }

  // Text at a pixel; `ground` lays paper below it.
  write(u, v, text, { size = 12, align = "center", color = colour("ink"), bold = false, ground = false }) {
    const { pen } = this.figure;
    pen.save();
    pen.font = `${bold ? "bold " : ""}${size}px system-ui, sans-serif`;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    if (ground) {
      const width = pen.measureText(text).width + 4;
      pen.fillStyle = colour("paper");
      pen.globalAlpha = 0.88;
      pen.fillRect(align === "center" ? u - width / 2 : align === "left" ? u - 2 : u - width + 2, v - size * 0.62, width, size * 1.24);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = color;
    pen.fillText(text, u, v);
    pen.restore();
  }
}

// Three digits, so that it fits into a node.
function compact(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || value === 0) return digits(value);
  if (size >= 1000 || size < 0.001) return value.toExponential(0).replace("-", "−").replace("e+", "e").replace("e−", "e-");
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3))).replace("-", "−");
}
