// Code with the origin of each line, by colour and letter; and the slides' table, in which each cell explains itself.

import { element } from "../words.js";

const MARKS = { M: "mark_m", R: "mark_r", B: "mark_b", MR: "mark_mr" };

function badge(letter) {
  return element("span", { class: "adam-badge", "data-mark": letter, text: letter === "MR" ? "M+R" : letter });
}

export function makeCode(root, lab) {
  const { t } = lab;
  root.append(element("h2", { text: t("code_of") }));
  root.append(element("ul", { class: "legend" }, ...Object.entries(MARKS).map(([letter, words]) => element("li", {}, badge(letter), t(words)))));
  const holder = element("div");
  root.append(holder);
  let shown = "";
  return {
    show(codes) {
      const now = JSON.stringify(codes);
      if (now === shown) return;
      shown = now;
      holder.replaceChildren(...codes.flatMap(({ name, lines }) => {
        const title = lab.option("racers", name);
        return [element("h3", { class: "adam-title", text: title }), element("pre", { class: "adam-code", tabindex: "0", "aria-label": title },
          ...lines.map(([line, letter]) => element("span", { class: "adam-line", "data-mark": letter || null },
            letter ? badge(letter) : element("span", { class: "adam-badge" }), element("code", { text: `${line}\n` }))))];
      }));
    },
  };
}

export function makeTable(root, lab) {
  const { t } = lab;
  root.append(element("h2", { text: t("table_of") }));
  const holder = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("table_of") });
  const told = element("div", { class: "adam-told", role: "status", text: t("choose_cell") });
  root.append(holder, told);
  let shown = "";

  function tell(row, k, button) {
    for (const one of holder.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    const letter = "MRRB"[k];
    const parts = [element("strong", { text: `${row.label} – ${t(`column_${k}`)}: ${t(row.cells[k] ? "yes" : "no")}` }),
      element("p", { text: t(`tell_${row.key}_${k}`) })];
    if (row.lines[k].length) {
      parts.push(element("p", { class: "adam-where" }, t("its_line")),
        element("pre", { class: "adam-code" }, ...row.lines[k].map((line) => element("span", { class: "adam-line", "data-mark": letter }, badge(letter), element("code", { text: `${line}\n` })))));
    }
    told.replaceChildren(...parts);
  }

  return {
    show(rows) {
      const now = JSON.stringify(rows);
      if (now === shown) return;
      shown = now;
      const cell = (row, k) => {
        const name = `${row.label}, ${t(`column_${k}`)}: ${t(row.cells[k] ? "yes" : "no")}`;
        const button = element("button", { type: "button", class: row.cells[k] ? "adam-yes" : "adam-no", "aria-label": name, "aria-pressed": "false",
          text: row.cells[k] ? "✓" : "✗", onclick: () => tell(row, k, button), onfocus: () => tell(row, k, button) });
        return element("td", {}, button);
      };
      holder.replaceChildren(element("table", { class: "adam-table" },
        element("thead", {}, element("tr", {}, element("th", { scope: "col", text: t("algorithm") }), ...[0, 1, 2, 3].map((k) => element("th", { scope: "col", text: t(`column_${k}`) })))),
        element("tbody", {}, ...rows.map((row) => element("tr", { "data-row": row.key }, element("th", { scope: "row", text: row.label }), ...[0, 1, 2, 3].map((k) => cell(row, k)))))));
    },
  };
}
