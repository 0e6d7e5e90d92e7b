// A filter over typed numbers, and pooling: every product, every maximum, and the size of the output.

import { element, short } from "../words.js";
import { cellText, factor, matrix } from "./tiles.js";

const PRESETS = {
  vertical: [[1, 0, -1], [1, 0, -1], [1, 0, -1]],
  horizontal: [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
  outline: [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  sum: [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
  identity: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
};

const at = (array, i, j) => array.values[i * array.shape[1] + j];

// The calculation of (W - K + 2P)/S + 1, and what it means where it is no whole number.
export function sizes(root, { t }) {
  const lines = element("pre", { class: "working", tabindex: "0", role: "group", "aria-label": t("size_of") });
  const remark = element("p", { class: "remark" });
  root.append(element("h2", { text: t("size_of") }), lines, remark);
  return (state) => {
    const { sizes: all } = state;
    const square = all.length === 1 || all[0].W === all[1].W && all[0].K === all[1].K;
    const shown = square ? all.slice(0, 1) : all;
    const text = shown.flatMap((one, k) => {
      const name = square ? "" : `${t(k ? "width" : "height")}: `;
      const dilated = one.D > 1 ? [`${name}D(K − 1) + 1 = ${one.D}·(${one.K} − 1) + 1 = ${one.extent}   (${t("extent")})`] : [];
      const whole = Number.isInteger(one.exact);
      const quotient = `(W − K + 2P)/S + 1 = (${one.W} − ${one.extent} + 2·${one.P})/${one.S} + 1 = ${short(one.exact)}`;
      return [...dilated, `${name}${quotient}${whole || one.free < 0 ? "" : `   →   ⌊${one.free}/${one.S}⌋ + 1 = ${one.floor}`}`];
    });
    lines.textContent = text.join("\n");
    const problem = shown.find((one) => one.problem);
    const rest = shown.map((one) => one.unread).filter(Boolean);
    const same = all.every((one) => one.windows === one.W);
    remark.className = problem ? "remark bad" : "remark";
    remark.textContent = problem ? t(problem.problem)
      : rest.length ? `${t("rounded")} ${rest.join(", ")}.`
        : [t("exactly"), same ? t("keeps") : all.every((one) => one.S === 1 && one.windows < one.W) ? t("shrinks") : ""].join(" ");
  };
}

export function filter(root, lab) {
  const { t } = lab;
  const input = matrix(t("input"));
  const kernel = matrix(t("filter"));
  const output = matrix(t("output"));
  const buttons = element("div", { class: "small-buttons", role: "group", "aria-label": t("presets") },
    ...Object.entries(PRESETS).map(([name, rows]) => element("button", { type: "button", text: t(name), onclick: () => lab.set({ filter: rows }) })));
  const working = element("pre", { class: "working", tabindex: "0", role: "group", "aria-label": t("products_of") });
  root.append(element("div", { class: "flow" }, input.element, kernel.element, output.element),
    element("h2", { text: t("products_of") }), working);
  const drawSizes = sizes(root, lab);
  root.append(element("h2", { text: t("presets") }), buttons);

  return {
    draw(state, settings) {
      const { padded, kernel: weights, products, output: result, sizes: [height, width], legal } = state;
      const [rows, columns] = weights.shape;
      const [top, left] = [state.at[0] * height.S, state.at[1] * width.S];
      // Which weight lies over a cell of the padded input; none: undefined.
      const over = (i, j) => {
        const [p, q] = [(i - top) / height.D, (j - left) / width.D];
        const inside = Number.isInteger(p) && Number.isInteger(q) && p >= 0 && q >= 0 && p < rows && q < columns;
        return legal && inside ? at(weights, p, q) : undefined;
      };
      const { P } = height;
      const [bottom, right] = [height.W + 2 * P - height.unread, width.W + 2 * P - width.unread];
      input.set(...padded.shape, (i, j) => {
        const weight = over(i, j);
        const zero = i < P || j < P || i >= P + height.W || j >= P + width.W;
        return {
          text: short(at(padded, i, j)), small: weight === undefined ? "" : `×${short(weight)}`,
          mark: weight !== undefined ? "window" : legal && (i >= bottom || j >= right) ? "unread" : zero ? "zero" : "",
        };
      }, `${t(P ? "padded_input" : "input")}: ${height.W} × ${width.W}${P ? ` → ${padded.shape.join(" × ")}` : ""}`);
      kernel.set(rows, columns, (i, j) => ({ text: short(at(weights, i, j)), mark: legal ? "window" : "" }),
        `${t(settings.flip ? "filter_turned" : "filter")}: ${rows} × ${columns}`);
      output.set(...result.shape, (i, j) => ({
        text: cellText(at(result, i, j)), mark: i === state.at[0] && j === state.at[1] ? "now" : "",
      }), `${t("output")}: ${result.shape.join(" × ")}`);
      output.element.hidden = !legal;
      working.textContent = legal ? calculation() : "–";
      drawSizes(state);

      function calculation() {
        const [i, j] = state.at;
        const name = `y[${i + 1},${j + 1}] = `;
        const terms = Array.from({ length: rows }, (_, p) => Array.from({ length: columns }, (_, q) =>
          `${factor(at(padded, top + p * height.D, left + q * width.D))}·${factor(at(weights, p, q))}`));
        const wide = terms[0].map((_, q) => Math.max(...terms.map((row) => row[q].length)));
        const indent = " ".repeat(name.length - 2);
        const lines = terms.map((row, p) => `${p ? `${indent}+ ` : name}${row.map((one, q) => one.padStart(wide[q])).join(" + ")}`);
        const values = Array.from({ length: rows }, (_, p) => Array.from({ length: columns }, (_, q) => factor(at(products, p, q))).join(" + "));
        return [...lines, `${indent}= ${values.join(" + ")}`, `${indent}= ${short(at(result, i, j) + 0)}`].join("\n");
      }
    },
  };
}

export function pooling(root, lab) {
  const { t } = lab;
  const input = matrix(t("input"));
  const largest = matrix(t("max_pooling"));
  const averages = matrix(t("average_pooling"));
  const working = element("pre", { class: "working", tabindex: "0", role: "group", "aria-label": t("products_of") });
  root.append(element("div", { class: "flow" }, input.element, largest.element, averages.element), working);
  const drawSizes = sizes(root, lab);
  return {
    draw(state) {
      const { image, window: seen, sizes: [height, width], legal } = state;
      const [i0, j0] = state.at;
      const [top, left] = [i0 * height.S, j0 * width.S];
      const [bottom, right] = [height.W - height.unread, width.W - width.unread];
      input.set(...image.shape, (i, j) => {
        const inside = legal && i >= top && j >= left && i < top + height.K && j < left + width.K;
        return { text: short(at(image, i, j)), mark: inside ? "window" : legal && (i >= bottom || j >= right) ? "unread" : "" };
      }, `${t("input")}: ${image.shape.join(" × ")}`);
      for (const [grid, values, name] of [[largest, state.largest, "max_pooling"], [averages, state.averages, "average_pooling"]]) {
        grid.set(...values.shape, (i, j) => ({ text: cellText(at(values, i, j)), mark: i === i0 && j === j0 ? "now" : "" }),
          `${t(name)}: ${values.shape.join(" × ")}`);
        grid.element.hidden = !legal;
      }
      if (legal) {
        const numbers = Array.from(seen.values, factor);
        working.textContent = `max(${numbers.join(", ")}) = ${short(at(state.largest, i0, j0))}\n`
          + `(${numbers.join(" + ")}) / ${numbers.length} = ${short(at(state.averages, i0, j0))}`;
      } else working.textContent = "–";
      drawSizes(state);
    },
  };
}
