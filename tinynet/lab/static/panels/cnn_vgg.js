// VGG-16 as blocks: how large the outputs are, and where the parameters add up.

import { Figure, colour, series } from "../draw.js";
import { digits, element } from "../words.js";

const KINDS = { InputLayer: "c6", Conv2D: "c0", MaxPooling2D: "c1", Flatten: "c6", Dense: "c2" };

export default function vgg(root, lab) {
  const { t } = lab;
  let state = null;
  const legend = element("ul", { class: "legend" });
  const figure = new Figure(root, { label: t("vgg_of"), ratio: 0.42, most: 900, paint: () => state && paint() });
  root.append(legend, element("p", { class: "remark", text: t("vgg_rule") }), element("h2", { text: t("shares_of") }));
  const shares = new Figure(root, { label: t("shares_of"), ratio: 0.16, most: 900, paint: () => state && paintShares() });
  const body = element("tbody");
  root.append(element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("layers_of") }, element("table", {},
    element("caption", { text: t("layers_of") }),
    element("thead", {}, element("tr", {}, ...["layer_name", "output_shape", "how", "parameters", "total"].map((one) => element("th", { scope: "col", text: t(one) })))),
    body)));
  const rows = [];

  const size = (shape) => shape.join(" × ");

  // Each layer is a box in perspective: as high as its output, as deep as it has channels.
  function paint() {
    const { pen, width, height } = figure;
    const middle = height * 0.47;
    const boxes = state.layers.map((layer) => {
      const [h, , c] = layer.shape.length === 3 ? layer.shape : [1, 1, layer.shape[0]];
      return { tall: layer.shape.length === 3 ? Math.max(8, Math.sqrt(h / 224) * height * 0.62) : Math.max(14, Math.log2(c) * height * 0.032), wide: layer.kind === "MaxPooling2D" ? 0.55 : 0.9 + c / 900 };
    });
    const gap = width < 500 ? 1 : 3;
    const total = boxes.reduce((sum, box, i) => sum + (state.layers[i].shape.length === 3 ? box.wide : 0.8), 0);
    const unit = (width - 16 - gap * boxes.length - 14) / total;
    let x = 8;
    let block = null;
    let blockFrom = 0;
    const names = [];
    state.layers.forEach((layer, i) => {
      const wide = (layer.shape.length === 3 ? boxes[i].wide : 0.8) * unit;
      const { tall } = boxes[i];
      const y = middle - tall / 2;
      const lean = Math.min(10, tall * 0.12);
      const done = i <= state.at;
      pen.globalAlpha = done ? 1 : 0.25;
      pen.fillStyle = colour(KINDS[layer.kind] || "c6");
      pen.fillRect(x, y, wide, tall);
      pen.globalAlpha *= 0.6;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + lean, y - lean);
      pen.lineTo(x + wide + lean, y - lean);
      pen.lineTo(x + wide, y);
      pen.fill();
      pen.globalAlpha = 1;
      if (i === state.at) {
        pen.strokeStyle = colour("ink");
        pen.lineWidth = 3;
        pen.strokeRect(x - 1, y - 1, wide + 2, tall + 2);
      }
      if (layer.block !== block) {
        if (block) names.push([blockFrom, x - gap, block]);
        block = layer.block;
        blockFrom = x;
      }
      layer.middle = x + wide / 2;
      x += wide + gap;
    });
    names.push([blockFrom, x - gap, block]);
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const first = (one) => state.layers.filter((layer) => layer.block === one);
    names.forEach(([from, to, one]) => {
      if (one === "top") return;
      const layers = first(one);
      const last = layers[layers.length - 1];
      pen.strokeStyle = colour("line");
      pen.lineWidth = 1;
      pen.strokeRect(from, height - 52, to - from, 0.5);
      pen.fillStyle = colour("ink");
      pen.font = `${width < 640 ? 9 : 11}px system-ui, sans-serif`;
      const convolutions = layers.filter((layer) => layer.kind === "Conv2D");
      if (convolutions.length) {
        pen.fillText(width < 640 ? `${convolutions[0].shape[2]}×${convolutions.length}` : `[CONV ${convolutions[0].shape[2]}]×${convolutions.length}`, (from + to) / 2, height - 46);
        pen.fillText(width < 640 ? `${last.shape[0]}²` : `${last.shape[0]} × ${last.shape[1]}`, (from + to) / 2, height - 28);
      }
    });
    const now = state.layers[state.at];
    pen.font = `bold ${width < 500 ? 12 : 15}px system-ui, sans-serif`;
    pen.fillStyle = colour("ink");
    const words = `${now.name}: ${size(now.shape)}`;
    const half = pen.measureText(words).width / 2;
    pen.fillText(words, Math.max(half + 2, Math.min(width - half - 2, now.middle)), 2);
  }

  // One bar: the parameters of each block as its share of the whole.
  function paintShares() {
    const { pen, width, height } = shares;
    const whole = state.layers[state.layers.length - 1].total;
    const done = state.layers[state.at].total;
    let x = 8;
    const room = width - 16;
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    state.layers.filter((layer) => layer.parameters).forEach((layer) => {
      const wide = (layer.parameters / whole) * room;
      const i = state.layers.indexOf(layer);
      pen.globalAlpha = i <= state.at ? 1 : 0.25;
      pen.fillStyle = layer.kind === "Dense" ? colour("c2") : series(0);
      pen.fillRect(x, 26, Math.max(0.5, wide - 0.5), height - 50);
      pen.globalAlpha = 1;
      pen.fillStyle = i <= state.at ? colour("paper") : colour("ink");
      pen.font = "bold 12px system-ui, sans-serif";
      const words = `${layer.name} ${((100 * layer.parameters) / whole).toFixed(0)}%`;
      if (wide > pen.measureText(words).width + 8) pen.fillText(words, x + wide / 2, 26 + (height - 50) / 2);
      x += wide;
    });
    pen.fillStyle = colour("ink");
    pen.textAlign = "left";
    pen.font = "13px system-ui, sans-serif";
    pen.fillText(`${t("total")}: ${digits(done)} / ${digits(whole)}`, 8, 12);
    pen.strokeStyle = colour("line");
    pen.strokeRect(8, 26, room, height - 50);
  }

  return {
    draw(newState) {
      state = newState;
      const narrow = root.clientWidth < 560;
      figure.ratio = narrow ? 0.75 : 0.42;
      shares.ratio = narrow ? 0.3 : 0.16;
      if (figure.height !== Math.round(figure.width * figure.ratio)) [figure, shares].forEach((one) => one.resize());
      if (!rows.length) {
        for (const layer of state.layers) {
          rows.push(element("tr", {}, element("th", { scope: "row", text: layer.name }), element("td", { text: size(layer.shape) }),
            element("td", { text: layer.count || "–" }), element("td", { text: digits(layer.parameters) }), element("td", { text: digits(layer.total) })));
        }
        body.replaceChildren(...rows);
        legend.replaceChildren(...[["Conv2D", "CONV"], ["MaxPooling2D", "POOL"], ["Dense", "FC"]].map(([kind, words]) => {
          const box = element("span", { class: "swatch" });
          box.style.background = colour(KINDS[kind]);
          return element("li", {}, box, words);
        }));
      }
      rows.forEach((row, i) => {
        row.className = i === state.at ? "current" : i > state.at ? "later" : "";
        if (i === state.at) row.setAttribute("aria-current", "step");
        else row.removeAttribute("aria-current");
      });
      figure.redraw();
      shares.redraw();
    },
    destroy() {
      figure.destroy();
      shares.destroy();
    },
  };
}
