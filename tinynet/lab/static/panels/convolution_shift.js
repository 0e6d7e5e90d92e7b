// Shift an image, then map it; or map it, then shift the map: the same, but for the border.

import { bitmap, colour, diverging, grey } from "../draw.js";
import { digits, element, short } from "../words.js";
import { largest, matrix, scale, tile } from "./tiles.js";

export default function shift(root, lab) {
  const { t } = lab;
  const kernel = matrix(t("filter"));
  const tiles = Object.fromEntries(["original", "map_of", "first_map", "moved", "first_shift", "difference"].map((name) => [name, tile(t(name))]));
  const arrow = (words) => element("span", { class: "remark", "aria-hidden": "true", text: words });
  const remark = element("p", { class: "remark", role: "status" });
  const legend = element("ul", { class: "legend" });
  root.append(
    element("div", { class: "square" },
      tiles.original.element, arrow("f →"), tiles.map_of.element, arrow("g →"), tiles.first_map.element,
      arrow("g ↓"), arrow(""), arrow(""), arrow(""), arrow(""),
      tiles.moved.element, arrow("f →"), tiles.first_shift.element, arrow("−"), tiles.difference.element),
    legend, remark, kernel.element);

  return {
    draw(state) {
      const side = Math.max(56, Math.min(196, Math.floor((root.clientWidth - 170) / 3 / 28) * 28));
      const most = Math.max(largest(state.map.values), largest(state.map_of_moved.values));
      const picture = (name, array) => {
        const [rows, columns] = array.shape;
        tiles[name].show(bitmap(array.values, rows, columns, grey(), 0, 255), side);
      };
      const map = (name, array, over) => {
        const [rows, columns] = array.shape;
        tiles[name].show(bitmap(array.values, rows, columns, diverging(), -most, most), side, undefined, over);
      };
      picture("original", state.image);
      picture("moved", state.moved);
      map("map_of", state.map);
      map("first_shift", state.map_of_moved);
      map("first_map", state.moved_map);
      map("difference", state.difference, (pen, size) => {
        pen.strokeStyle = colour("wrong");
        pen.lineWidth = 2;
        const [, columns] = state.difference.shape;
        state.difference.values.forEach((value, i) => {
          if (value !== 0) pen.strokeRect((i % columns) * size + 1, Math.floor(i / columns) * size + 1, size - 2, size - 2);
        });
      });
      for (const name of ["first_map", "difference"]) tiles[name].element.style.visibility = state.possible ? "" : "hidden";
      const numbers = state.numbers;
      remark.textContent = t({ equal: "same_everywhere", border: "broken_at_border", not_whole: "half_pixel", unequal_maps: "unequal_everywhere" }[numbers.verdict])
        + (numbers.unequal ? ` (${t("unequal")}: ${digits(numbers.unequal)})` : "");
      legend.replaceChildren(...scale(most));
      const [rows, columns] = state.kernel.shape;
      kernel.set(rows, columns, (i, j) => ({ text: short(state.kernel.values[i * columns + j]), mark: "window" }));
    },
  };
}
