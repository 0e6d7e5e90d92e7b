// Small pictures with captions, and bars of labels, for the panels on augmentation.

import { colour } from "../draw.js";
import { element, short } from "../words.js";

// A picture {values, shape: [height, width, channels]} of bytes on a canvas, one pixel each.
export function put(canvas, { values, shape: [height, width, channels = 1] }) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = values[channels * i + (channels === 3 ? c : 0)];
    image.data[4 * i + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}

// A picture with a caption. `show(picture, words)`; a smaller picture than `side` is drawn smaller.
export function tile(side = 64) {
  const canvas = element("canvas", { role: "img" });
  const caption = element("figcaption");
  const figure = element("figure", {}, element("div", { class: "frame" }, canvas), caption);
  return {
    figure, caption,
    show(picture, words, lines = []) {
      put(canvas, picture);
      canvas.style.width = `${Math.min(100, (100 * picture.shape[1]) / Math.max(side, picture.shape[0]))}%`;
      canvas.setAttribute("aria-label", [words, ...lines].join(", "));
      const texts = [words, ...lines];
      if (caption.dataset.text !== texts.join("\n")) {
        caption.dataset.text = texts.join("\n");
        caption.replaceChildren(...texts.map((text, i) => element(i ? "span" : "strong", { text })));
      }
    },
  };
}

// Two bars for two shares of a label: [[name, share, colour]].
export function bars(shares) {
  return element("div", { class: "shares" }, ...shares.map(([name, share, color]) => {
    const bar = element("span", { class: "share" });
    bar.style.width = `${100 * share}%`;
    bar.style.background = colour(color);
    return element("div", {}, element("span", { class: "share-name", text: `${name} ${short(Math.round(share * 1000) / 1000)}` }),
      element("span", { class: "share-track" }, bar));
  }));
}
