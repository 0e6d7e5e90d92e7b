// Filters of the full depth over an image of several channels, as a stack of sheets.

import { Figure, bitmap, colour, diverging, grey } from "../draw.js";
import { digits, element } from "../words.js";
import { sizes } from "./convolution_slide.js";
import { channel } from "./tiles.js";

export default function volume(root, lab) {
  const { t } = lab;
  let state = null;
  const figure = new Figure(root, { label: t("volume_of"), ratio: 0.5, most: 860, paint: () => state && paint() });
  const layout = element("p", { class: "remark" });
  root.append(element("p", { class: "remark", text: t("full_depth") }), layout);
  const drawSizes = sizes(root, lab);

  // How far one sheet stands from the one before it, the side of a sheet, and the height of the whole picture.
  function measure(width) {
    const [, , depth] = state.image.shape;
    const filters = state.kernel.shape[3];
    const shift = width / 50;
    const room = (width - 28 - Math.max(44, width * 0.12) - (depth + filters - 2) * shift) / 2;
    return { shift, room, height: room + Math.max(depth, filters - 2) * shift + 58 };
  }

  function paint() {
    const { pen, width, height } = figure;
    const [size] = state.sizes;
    const [side, , depth] = state.image.shape;
    const filters = state.kernel.shape[3];
    const { shift, room } = measure(width);
    const pixel = room / side;
    const top = height - 46 - room;
    const left = 14;
    pen.font = `${width < 500 ? 11 : 13}px system-ui, sans-serif`;
    const row = state.legal ? state.maps.shape[0] - 1 : 0;
    const column = state.legal ? state.maps.shape[1] - 1 : 0;

    const sheet = (x, y, w, h, picture, edge) => {
      pen.imageSmoothingEnabled = false;
      if (picture) pen.drawImage(picture, x, y, w, h);
      pen.strokeStyle = edge;
      pen.lineWidth = 1.5;
      pen.strokeRect(x, y, w, h);
    };
    const box = (x, y, w, h, color) => {
      pen.strokeStyle = color;
      pen.lineWidth = 2.5;
      pen.strokeRect(x, y, w, h);
    };
    // The window's place: that of the last output in the row that was computed last; padding lies outside the image.
    const reach = size.K * pixel;
    const [u, v] = [(column * size.S - size.P) * pixel, (row * size.S - size.P) * pixel];
    for (let c = depth - 1; c >= 0; c--) {
      const [x, y] = [left + c * shift, top - c * shift];
      sheet(x, y, room, room, bitmap(channel(state.image, c), side, side, tint(c, depth), 0, 255), colour("line"));
      if (state.legal) box(x + u, y + v, reach, reach, colour("c1"));
    }
    label(left + room / 2, height - 20, `${t("image")} ${depth} × ${side} × ${side}`);
    if (!state.legal) return;

    const [, columns] = state.maps.shape;
    const out = columns * pixel;
    const x0 = width - 14 - out - (filters - 1) * shift;
    const y0 = top + (room - out) / 2;
    let largest = state.largest;
    for (let f = filters - 1; f >= 0; f--) {
      const [x, y] = [x0 + f * shift, y0 - f * shift];
      pen.fillStyle = colour("paper");
      pen.fillRect(x, y, out, out);
      const rows = state.maps.shape[0];
      const picture = bitmap(channel(state.maps, f), rows, columns, diverging(), -largest, largest);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, x, y, out, rows * pixel);
      sheet(x, y, out, out, null, colour("line"));
    }
    const [px, py] = [x0 + column * pixel, y0 + row * pixel];
    box(px, py, pixel, pixel, colour("c0"));
    pen.strokeStyle = colour("c1");
    pen.lineWidth = 1;
    for (const [x, y] of [[u + reach, v], [u + reach, v + reach]]) {
      pen.beginPath();
      pen.moveTo(left + x, top + y);
      pen.lineTo(px, py + pixel / 2);
      pen.stroke();
    }
    label(x0 + out / 2, height - 20, `${t("maps")} ${filters} × ${columns} × ${columns}`);
    label((left + room + x0) / 2, height - 40, `${t("filters")} ${filters === 1 ? "" : `${filters} × `}${depth} × ${size.K} × ${size.K}`, colour("c1"));
  }

  function label(x, y, words, color = colour("ink")) {
    figure.pen.fillStyle = color;
    figure.pen.textAlign = "center";
    figure.pen.textBaseline = "top";
    const half = figure.pen.measureText(words).width / 2 + 2;
    figure.pen.fillText(words, Math.max(half, Math.min(figure.width - half, x)), y);
  }

  return {
    draw(newState) {
      state = newState;
      const [side, , depth] = state.image.shape;
      const [size] = state.sizes;
      const filters = state.kernel.shape[3];
      const products = depth * size.K * size.K;
      layout.textContent = `${t("layouts")} ${depth}×${side}×${side}, (${side}, ${side}, ${depth}). `
        + `${t("parameters")}: ${filters}·(${depth}·${size.K}·${size.K} + 1) = ${digits(filters * (products + 1))}`;
      figure.ratio = measure(figure.width).height / figure.width;
      figure.resize();
      drawSizes(state);
    },
    destroy() { figure.destroy(); },
  };
}

// Red, green and blue sheets of a colour image; grey ones otherwise.
function tint(c, depth) {
  if (depth !== 3) return grey();
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) for (let k = 0; k < 3; k++) table[3 * i + k] = k === c ? i : i * 0.25;
  return table;
}
