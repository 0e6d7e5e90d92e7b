// What the pictures of `batchnorm` share: columns, ranges, bands, legends of lines, formulas.

import { element } from "../words.js";

export function column(array, k) {
  const width = array.shape[1];
  return Array.from({ length: array.shape[0] }, (_, i) => array.values[i * width + k]);
}

// The range of all finite values, with a margin.
export function rangeOf(lists) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const one of list) {
      if (!Number.isFinite(one)) continue;
      low = Math.min(low, one);
      high = Math.max(high, one);
    }
  }
  if (!(high >= low)) return [-1, 1];
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - margin, high + margin];
}

// A figure with room for numbers such as −0.05 beside its axis.
export function wide(figure) {
  figure.box.left = 60;
  return figure;
}

// The area between two curves.
export function fill(figure, xs, lows, highs, color) {
  const { pen } = figure;
  pen.save();
  pen.fillStyle = color;
  pen.globalAlpha = 0.22;
  pen.beginPath();
  xs.forEach((x, i) => { if (Number.isFinite(highs[i])) pen.lineTo(figure.px(x), figure.py(highs[i])); });
  for (let i = xs.length - 1; i >= 0; i--) if (Number.isFinite(lows[i])) pen.lineTo(figure.px(xs[i]), figure.py(lows[i]));
  pen.fill();
  pen.restore();
}

// A list of lines as they are drawn: {words, color, dash, width, alpha}.
export function lineLegend(lines) {
  return element("ul", { class: "legend" }, ...lines.map(({ words, color, dash = [], width = 2.5, alpha = 1 }) => {
    const canvas = element("canvas", { width: 72, height: 28, "aria-hidden": "true" });
    canvas.style.width = "36px";
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    Object.assign(pen, { strokeStyle: color, lineWidth: width, globalAlpha: alpha });
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(1, 7);
    pen.lineTo(35, 7);
    pen.stroke();
    return element("li", {}, canvas, words);
  }));
}

// A formula, read out as its TeX.
export function formula(tex) {
  const shown = element("span", { class: "formula", role: "math", "aria-label": tex });
  katex.render(tex, shown, { throwOnError: false, output: "html" });
  return shown;
}
