// Both losses over the epochs with the best epoch marked, and the function that the network computes.

import { Figure, colour, legendItems, series } from "../draw.js";
import { element } from "../words.js";

export default function make(root, lab) {
  const { t } = lab;
  let state = null;
  root.append(element("h2", { text: t("losses_of") }));
  const losses = new Figure(root, { label: t("losses_of"), ratio: 0.5, paint: () => state && paintLosses() });
  const legend = element("ul", { class: "legend" });
  const box = element("div");
  root.append(legend, box);
  box.append(element("h2", { text: t("fit_of") }));
  const fit = new Figure(box, { label: t("fit_of"), ratio: 0.5, paint: () => state?.curve && paintFit() });

  // log10 of the loss; what is not finite stands at the top edge.
  function paintLosses() {
    const of = (array) => Array.from(array.values, (value) => Math.log10(Math.max(value, 1e-12)));
    const [train, validation] = [of(state.losses), of(state.validation_losses)];
    const all = [...train, ...validation].filter(Number.isFinite);
    const low = Math.min(...all, -1);
    const high = Math.max(...all, 1);
    const top = high + 0.15 * (high - low);
    losses.range([0.5, Math.max(5, train.length + 0.5)], [low - 0.05 * (high - low), top]);
    losses.axes({ xlabel: t("epoch"), ylabel: `log₁₀ ${t("loss")}`, grid: true });
    const epochs = train.map((_, i) => i + 1);
    losses.inside(() => {
      for (const [values, i] of [[train, 0], [validation, 1]]) {
        losses.line(epochs, values, { color: series(i), width: 2.2, dash: i ? [8, 5] : [] });
        if (values.length < 30) values.forEach((value, k) => losses.dot(k + 1, Number.isFinite(value) ? value : top - 0.03 * (high - low), { color: series(i), radius: 4, shape: Number.isFinite(value) ? "circle" : "triangle" }));
      }
      if (state.best !== null) {
        losses.line([state.best + 1, state.best + 1], losses.y, { color: colour("c2"), dash: [3, 3] });
        losses.text(state.best + 1, losses.y[1] - 0.06 * (losses.y[1] - losses.y[0]), ` ${state.restored ? t("restored") : t("best")}: ${state.best + 1}`, { align: state.best > train.length / 2 ? "right" : "left", color: colour("c2"), bold: true });
      }
      train.forEach((value, k) => { if (!Number.isFinite(value)) losses.text(k + 1, top - 0.12 * (high - low), String(state.losses.values[k]).replace("Infinity", "∞"), { size: 12 }); });
    });
  }

  function paintFit() {
    const { x, curve, truth, train } = state;
    fit.range([-1.1, 1.1], [-2, 2]);
    fit.inside(() => {
      fit.line(x.values, truth.values, { color: colour("line"), dash: [6, 5] });
      fit.line(x.values, curve.values, { color: series(0), width: 3 });
      for (let i = 0; i < train.shape[0]; i++) fit.dot(train.values[2 * i], train.values[2 * i + 1], { color: colour("ink"), radius: 4.5 });
    });
    fit.axes({ xlabel: "x", ylabel: "y" });
  }

  return {
    draw(newState) {
      state = newState;
      box.hidden = !state.curve;
      losses.redraw();
      fit.redraw();
      const items = [["c0", "train"], ...(state.validation_losses.shape[0] ? [["c1", "validation"]] : [])];
      legend.replaceChildren(...legendItems(items.map(([name, words]) => [colour(name), t(words)])));
    },
    destroy() {
      losses.destroy();
      fit.destroy();
    },
  };
}
