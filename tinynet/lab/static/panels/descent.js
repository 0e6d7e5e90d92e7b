// Paths of optimizers over a surface: contours, heights in perspective, or the diagram of rate and momentum.

import { Curves, Figure, bitmap, colour, flip, heights, perspective, series, swatch } from "../draw.js";
import { digits, element } from "../words.js";

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  let settings = null;
  let surface = null; // the surface's bitmap, made once for each surface and theme
  let surfaceOf = null;
  let dragged = null; // the start while it is dragged

  const legend = element("ul", { class: "legend" });
  const figure = new Figure(root, { label: t("picture_of"), ratio: 0.72, paint: () => state && paint() });
  root.append(legend);
  const curves = element("div");
  root.append(element("h2", { text: t("losses_of") }), curves);
  let plot = null;
  let plotOf = "";

  figure.onDrag(
    (x, y) => settings && settings.picture === "contours" && near([x, y], settings.start),
    (x, y, done) => {
      dragged = [Math.max(-5, Math.min(5, x)), Math.max(-5, Math.min(5, y))];
      lab.set({ start: dragged });
      if (done) dragged = null;
      figure.redraw();
    });

  function near([x, y], [u, v]) {
    return Math.hypot(figure.px(x) - figure.px(u), figure.py(y) - figure.py(v)) < 24;
  }

  const look = (i) => ({ color: series(i), dash: DASHES[Math.floor(i / 8) % 4] });

  function paint() {
    figure.canvas.style.cursor = settings.picture === "contours" ? "crosshair" : "default";
    if (settings.picture === "height") paintHeight();
    else if (settings.picture === "diagram") paintDiagram();
    else paintContours();
  }

  function paintContours() {
    const { height, bounds } = state;
    const [rows, columns] = height.shape;
    figure.range(bounds.slice(0, 2), bounds.slice(2, 4));
    const name = `${settings.surface} ${settings.formula} ${document.documentElement.dataset.theme}`;
    const most = height.values.reduce((a, b) => (b > a ? b : a), 0);
    if (surfaceOf !== name) {
      surfaceOf = name;
      surface = bitmap(flip(height.values, rows, columns), rows, columns, heights(), 0, most);
    }
    figure.inside(() => {
      figure.image(surface, figure.x, figure.y, true);
      const levels = Array.from({ length: 16 }, (_, i) => ((i + 0.5) / 16) ** 2 * most);
      figure.contours(height.values, rows, columns, bounds.slice(0, 2), bounds.slice(2, 4), levels, { color: colour("ink"), alpha: 0.28 });
      for (const [x, y] of state.minima) figure.dot(x, y, { color: colour("paper"), edge: colour("ink"), radius: 5, shape: "triangle" });
      for (const [x, y] of state.saddles) figure.dot(x, y, { color: colour("paper"), edge: colour("ink"), radius: 4, shape: "square" });
      state.racers.forEach((racer, i) => paintPath(racer, i));
      const [x, y] = dragged || settings.start;
      figure.dot(x, y, { color: colour("paper"), edge: colour("ink"), radius: 6 });
      figure.text(x, y, `  ${t("start_here")}`, { align: "left" });
    });
    figure.axes({ xlabel: "w₀", ylabel: "w₁" });
  }

  function paintPath(racer, i) {
    const count = racer.path.shape[0];
    const xs = column(racer.path, 0);
    const ys = column(racer.path, 1);
    if (settings.mark === "signs") {
      for (let k = 0; k + 1 < count; k++) {
        const sign = racer.gradients.values[2 * k] < 0 ? colour("low") : colour("high");
        figure.line(xs.slice(k, k + 2), ys.slice(k, k + 2), { color: sign, width: 3 });
      }
    } else {
      figure.line(xs, ys, look(i));
      if (count < 60) for (let k = 1; k < count; k++) figure.dot(xs[k], ys[k], { color: series(i), radius: 2, edge: series(i) });
    }
    const [x, y] = [xs[count - 1], ys[count - 1]];
    if (settings.mark === "arrows" && count > 1) paintArrows(racer, xs, ys, count);
    figure.dot(x, y, { color: series(i), radius: 5.5 });
  }

  // Of the last update: where it started, minus the gradient there, the velocity before, and the step that came of both.
  function paintArrows(racer, xs, ys, count) {
    const k = count - 2;
    const from = [xs[k], ys[k]];
    const step = [xs[k + 1] - xs[k], ys[k + 1] - ys[k]];
    const length = Math.hypot(...step) || 1e-12;
    const scaled = (vector, sign) => {
      const size = Math.hypot(...vector) || 1;
      const wanted = Math.max(length, (figure.x[1] - figure.x[0]) / 14);
      return [from[0] + (sign * vector[0] / size) * wanted, from[1] + (sign * vector[1] / size) * wanted];
    };
    const gradient = [racer.gradients.values[2 * k], racer.gradients.values[2 * k + 1]];
    figure.arrow(from, scaled(gradient, -1), { color: colour("c2") });
    if (k > 0) {
      const before = [xs[k] - xs[k - 1], ys[k] - ys[k - 1]];
      figure.arrow(from, scaled(before, 1), { color: colour("c3") });
    }
    figure.arrow(from, [from[0] + step[0], from[1] + step[1]], { color: colour("ink"), width: 2.5 });
  }

  function paintHeight() {
    const { height, bounds, racers } = state;
    const place = perspective(figure, height.values, ...height.shape, bounds.slice(0, 2), bounds.slice(2, 4), colour("c5"));
    racers.forEach((racer, i) => {
      const points = column(racer.path, 0).map((x, k) => place(x, racer.path.values[2 * k + 1]));
      figure.line(points.map((p) => p[0]), points.map((p) => p[1]), look(i));
      const last = points[points.length - 1];
      figure.dot(last[0], last[1], { color: series(i), radius: 5 });
    });
  }

  function paintDiagram() {
    if (!state.diagram) {
      figure.range([0, 1], [0, 1]);
      figure.text(0.5, 0.5, t("no_diagram"));
      return;
    }
    const [rows, columns] = state.diagram.shape;
    figure.range([-4, Math.log10(2)], [0, 1]);
    figure.inside(() => {
      figure.image(bitmap(flip(state.diagram.values, rows, columns), rows, columns, heights(), 1.05, 0.6), figure.x, figure.y, true);
      figure.contours(state.diagram.values, rows, columns, figure.x, figure.y, [0.7, 0.8, 0.9, 0.95, 0.99], { color: colour("ink"), alpha: 0.4 });
      figure.contours(state.diagram.values, rows, columns, figure.x, figure.y, [1.0001], { color: colour("wrong"), width: 2.5, alpha: 1 });
      figure.dot(Math.log10(settings.rate), settings.rho, { color: colour("c1"), radius: 7 });
    });
    figure.axes({ xlabel: `log₁₀ ${t("rate")}`, ylabel: t("momentum") });
    figure.text(-3.95, 0.05, t("diagram_of"), { align: "left" });
  }

  function showLegend() {
    const lines = state.racers.map((racer, i) => {
      const last = racer.losses.values[racer.losses.values.length - 1];
      return element("li", { "data-racer": racer.name },
        swatch(series(i)), `${lab.option("racers", racer.name)}: ${digits(last)}`);
    });
    if (settings.mark === "arrows") {
      lines.push(...[["c2", "gradient_arrow"], ["c3", "velocity_arrow"], ["ink", "step_arrow"]]
        .map(([name, words]) => element("li", {}, swatch(colour(name)), t(words))));
    }
    if (settings.mark === "signs") {
      lines.push(element("li", {}, swatch(colour("low")), `∂L/∂w₀ ${t("negative")}`), element("li", {}, swatch(colour("high")), `∂L/∂w₀ ${t("positive")}`));
    }
    legend.replaceChildren(...lines);
  }

  function showLosses() {
    const names = state.racers.map((racer) => racer.name);
    if (plotOf !== names.join()) {
      plotOf = names.join();
      plot?.destroy();
      curves.replaceChildren();
      plot = names.length ? new Curves(curves, {
        label: t("losses_of"), names: names.map((name) => lab.option("racers", name)), xlabel: t("steps"), ylabel: t("loss"),
        dashes: names.map((_, i) => DASHES[Math.floor(i / 8) % 4]),
      }) : null;
    }
    if (!plot) return;
    const count = state.racers[0].losses.values.length;
    plot.set([Array.from({ length: count }, (_, i) => i), ...state.racers.map((racer) => racer.losses.values)]);
  }

  return {
    draw(newState, newSettings) {
      state = newState;
      settings = newSettings;
      showLegend();
      figure.redraw();
      showLosses();
    },
    destroy() {
      figure.destroy();
      plot?.destroy();
    },
  };
}

function column(array, k) {
  const width = array.shape[1];
  return Array.from({ length: array.shape[0] }, (_, i) => array.values[i * width + k]);
}
