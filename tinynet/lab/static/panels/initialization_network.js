// The network of the panel "initialization": neurons as pictures of their outputs, edges by weight or gradient.

import { Figure, bitmap, colour, diverging } from "../draw.js";
import { digits } from "../words.js";

const KINDS = { input: "c6", relu: "c2", sigmoid: "c3", tanh: "c4", linear: "c7", leaky_relu: "c2", elu: "c5", silu: "c5" };
export const kindColour = (kind) => colour(KINDS[kind]);

export const NAMES = { x: "x", y: "y", x2: "x²", y2: "y²", xy: "xy", sinx: "sin x", siny: "sin y" };

// `pick({ layer, unit, input })` is called on a click: a neuron (its number from 0), or an edge into it from `input`.
export class NetworkPicture {
  constructor(parent, { label, pick, hover }) {
    this.state = null;
    this.chosen = null; // { layer, unit, input } of the edge whose weight the field below shows
    this.figure = new Figure(parent, { label, ratio: 0.74, most: 900, paint: () => this.state && this.paint() });
    this.figure.box = { left: 0, right: 0, top: 0, bottom: 0 };
    const { canvas } = this.figure;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return this.find(event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => {
      const found = at(event);
      canvas.style.cursor = found ? "pointer" : "default";
      if (JSON.stringify(found) === JSON.stringify(this.under)) return;
      this.under = found;
      hover(found);
      this.figure.redraw();
    });
    canvas.addEventListener("pointerleave", () => { this.under = null; hover(null); this.figure.redraw(); });
    canvas.addEventListener("click", (event) => { const found = at(event); if (found) pick(found); });
  }

  draw(state, settings, chosen) {
    this.state = state;
    this.settings = settings;
    this.chosen = chosen;
    this.figure.redraw();
  }

  // Where the neurons stand, for the size of the picture.
  place() {
    const { sizes } = this.state;
    const { width, height } = this.figure;
    const [left, right, top, bottom] = [62, 26, 26, 6];
    const most = Math.max(...sizes);
    const across = (width - left - right) / Math.max(1, sizes.length - 1);
    const down = (height - top - bottom) / most;
    const side = Math.max(12, Math.min(54, across * 0.5, down - 11));
    const x = (layer) => left + layer * ((width - left - right - side / 2) / Math.max(1, sizes.length - 1));
    const y = (layer, unit) => top + (height - top - bottom) / 2 + (unit - (sizes[layer] - 1) / 2) * Math.min(down, side * 1.6);
    return { x, y, side, top };
  }

  // The neuron or edge below a point of the canvas.
  find(px, py) {
    if (!this.state) return null;
    const { sizes } = this.state;
    const { x, y, side } = this.place();
    for (let layer = 0; layer < sizes.length; layer++) {
      for (let unit = 0; unit < sizes[layer]; unit++) {
        if (Math.abs(px - x(layer)) <= side / 2 + 2 && Math.abs(py - y(layer, unit)) <= side / 2 + 2) return { layer, unit };
      }
    }
    let nearest = null;
    let distance = 7;
    for (let layer = 1; layer < sizes.length; layer++) {
      const [x0, x1] = [x(layer - 1) + side / 2, x(layer) - side / 2];
      if (px < x0 || px > x1) continue;
      for (let input = 0; input < sizes[layer - 1]; input++) {
        for (let unit = 0; unit < sizes[layer]; unit++) {
          const [y0, y1] = [y(layer - 1, input), y(layer, unit)];
          const length = Math.hypot(x1 - x0, y1 - y0);
          const away = Math.abs((y1 - y0) * (px - x0) - (x1 - x0) * (py - y0)) / length;
          if (away < distance) { distance = away; nearest = { layer, unit, input }; }
        }
      }
    }
    return nearest;
  }

  paint() {
    const { figure, state } = this;
    const { pen } = figure;
    const { sizes, kinds, strengths, maps, focus } = state;
    const { x, y, side, top } = this.place();
    const [low, high, ink, paper, soft] = ["low", "high", "ink", "paper", "soft"].map(colour);
    strengths.forEach((strength, k) => {
      const [x0, x1] = [x(k) + side / 2, x(k + 1) - side / 2];
      for (let i = 0; i < sizes[k]; i++) {
        for (let j = 0; j < sizes[k + 1]; j++) {
          const value = strength.values[i * sizes[k + 1] + j];
          const size = Number.isFinite(value) ? Math.min(Math.abs(value), 2.5) : 0;
          const marked = [this.under, this.chosen].some((one) => one && one.layer === k + 1 && one.unit === j && one.input === i);
          pen.strokeStyle = marked ? ink : value < 0 ? low : value > 0 ? high : soft;
          pen.globalAlpha = marked ? 1 : 0.18 + 0.82 * Math.min(1, size);
          pen.lineWidth = (marked ? 1.5 : 0.6) + 3 * size;
          pen.setLineDash(value < 0 ? [7, 3] : []); // the sign without its colour
          pen.beginPath();
          pen.moveTo(x0, y(k, i));
          pen.lineTo(x1, y(k + 1, j));
          pen.stroke();
        }
      }
    });
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    const [count, rows, columns] = maps.shape;
    const all = bitmap(maps.values, count * rows, columns, diverging(), 1, 255);
    pen.imageSmoothingEnabled = true;
    pen.textBaseline = "middle";
    let number = 0;
    for (let layer = 0; layer < sizes.length; layer++) {
      const color = kindColour(kinds[layer]);
      for (let unit = 0; unit < sizes[layer]; unit++, number++) {
        const [left, up] = [x(layer) - side / 2, y(layer, unit) - side / 2];
        pen.fillStyle = paper;
        pen.fillRect(left - 3, up - 3, side + 6, side + 6);
        pen.drawImage(all, 0, number * rows, columns, rows, left, up, side, side);
        pen.lineWidth = 3;
        pen.strokeStyle = color;
        pen.strokeRect(left - 1.5, up - 1.5, side + 3, side + 3);
        const under = this.under && this.under.layer === layer && this.under.unit === unit && this.under.input === undefined;
        if ((focus[0] === layer && focus[1] === unit) || under) {
          pen.lineWidth = 2;
          pen.strokeStyle = ink;
          pen.strokeRect(left - 4.5, up - 4.5, side + 9, side + 9);
        }
        if (layer === 0) {
          pen.fillStyle = ink;
          pen.textAlign = "right";
          pen.font = "italic 13px system-ui, sans-serif";
          pen.fillText(NAMES[this.settings.features[unit]], left - 7, y(layer, unit));
        }
      }
      pen.fillStyle = soft;
      pen.textAlign = "center";
      pen.font = "12px system-ui, sans-serif";
      if (layer > 0 && layer < sizes.length - 1) pen.fillText(String(sizes[layer]), x(layer), top / 2 - 1);
    }
  }

  destroy() {
    this.figure.destroy();
  }
}

// What is under the mouse, in words.
export function describe(state, found, t, features) {
  const { sizes, kernels, biases, kernel_gradients: gradients, bias_gradients: biasGradients, scales } = state;
  const name = (layer, unit) => {
    if (layer === 0) return `${t("input_neuron")} ${NAMES[features[unit]]}`;
    if (layer === sizes.length - 1) return t("output");
    return `${t("hidden")} ${layer}, ${t("neuron")} ${unit + 1}`;
  };
  if (found.input === undefined) {
    const parts = [name(found.layer, found.unit)];
    if (found.layer > 0) {
      parts.push(`${t("bias")} ${digits(biases[found.layer - 1].values[found.unit])}`);
      parts.push(`${t("gradient")} ${digits(biasGradients[found.layer - 1].values[found.unit])}`);
    }
    parts.push(`|${t("output")}| ≤ ${digits(scales[found.layer])} (${t("layer")})`);
    return parts.join(" · ");
  }
  const k = found.input * sizes[found.layer] + found.unit;
  return [`${name(found.layer - 1, found.input)} → ${name(found.layer, found.unit)}`,
    `${t("weight")} ${digits(kernels[found.layer - 1].values[k])}`,
    `${t("gradient")} ${digits(gradients[found.layer - 1].values[k])}`].join(" · ");
}
