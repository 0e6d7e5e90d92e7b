// Tables of numbers and small pictures, for the panels on convolution.

import { colour } from "../draw.js";
import { digits, element, short } from "../words.js";

// A table of numbers that changes in place. `set(rows, columns, cell)`: cell(i, j) returns { text, mark, small }.
export function matrix(caption) {
  const title = element("p", { class: "matrix-title", text: caption });
  const body = element("tbody");
  const table = element("table", { class: "matrix", "aria-label": caption }, body);
  let shape = "";
  return {
    element: element("div", {}, title, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption }, table)),
    set(rows, columns, cell, words) {
      if (words && title.textContent !== words) title.textContent = words;
      if (shape !== `${rows} ${columns}`) {
        shape = `${rows} ${columns}`;
        body.replaceChildren(...Array.from({ length: rows }, () => element("tr", {}, ...Array.from({ length: columns }, () => element("td", {},
          element("span"), element("small"))))));
      }
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const { text, mark = "", small = "" } = cell(i, j);
          const box = body.children[i].children[j];
          if (box.className !== mark) box.className = mark;
          if (box.firstChild.textContent !== text) box.firstChild.textContent = text;
          if (box.lastChild.textContent !== small) box.lastChild.textContent = small;
        }
      }
    },
  };
}

// A number for a cell: short, and empty where there is none yet.
export const cellText = (value) => (Number.isNaN(value) ? "" : short(Math.abs(value) >= 1000 ? Math.round(value) : value + 0));

// A factor or a summand: a negative one in brackets.
export const factor = (value) => (value < 0 ? `(${short(value)})` : short(value + 0)); // −0 + 0 is 0

// A picture with a caption below it. `show(bitmap, side, words)` draws it, whole pixels of `side` each.
export function tile(words, tag = "figure", attributes = {}) {
  const canvas = element("canvas", tag === "figure" ? { role: "img", "aria-label": words } : { "aria-hidden": "true" });
  const caption = element(tag === "figure" ? "figcaption" : "span", { text: words });
  return {
    element: element(tag, { class: "tile", ...attributes }, canvas, caption),
    canvas,
    show(picture, side, text, over) {
      const scale = Math.max(1, Math.round(side / Math.max(picture.width, picture.height)));
      if (canvas.width !== picture.width * scale || canvas.height !== picture.height * scale) {
        canvas.width = picture.width * scale;
        canvas.height = picture.height * scale;
      }
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      if (over) over(pen, scale);
      if (text !== undefined && caption.textContent !== text) {
        caption.textContent = text;
        if (tag === "figure") canvas.setAttribute("aria-label", text);
      }
    },
  };
}

// Of all values, for a scale on which zero is in the middle.
export function largest(values) {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most || 1;
}

// One channel of an array (height, width, channels).
export function channel(array, c) {
  const [height, width, channels] = array.shape;
  return Float64Array.from({ length: height * width }, (_, i) => array.values[i * channels + c]);
}

// A scale for values of both signs: what the ends of the colours mean.
export function scale(most, one = true) {
  const box = element("span", { class: "swatch" });
  box.style.background = colour("low");
  const other = element("span", { class: "swatch" });
  other.style.background = colour("high");
  return [element("li", {}, box, one ? `−${digits(most)}` : "<0"), element("li", {}, other, one ? `+${digits(most)}` : ">0")];
}
