// The catalogue in the reader's language. Texts come from the server in both; nothing visible is written in the scripts.

export const languages = ["en", "ko"];
let catalogue = {};
let current = "en";

export function setCatalogue(words) {
  catalogue = words;
}

export function setLanguage(language) {
  current = languages.includes(language) ? language : "en";
  document.documentElement.lang = current;
}

export function language() {
  return current;
}

// The text of {en, ko}.
export function pick(words) {
  return words ? words[current] : "";
}

// A word of the page itself, by its name in common_words.py.
export function word(name) {
  return pick(catalogue[name]) || name;
}

// A word with values for its {names}.
export function fill(name, values) {
  return word(name).replace(/\{(\w+)\}/g, (_, one) => values[one]);
}

// A number as a reader wants it: four digits, no more.
export function digits(value) {
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return value.toLocaleString("en-US").replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
  return text.replace("-", "−").replace("e−", "e-");
}

// The same without zeros at the end: for the ticks of axes.
export function short(value) {
  const text = digits(value);
  return text.includes(".") ? text.replace(/\.?0+(?=e|$)/, "") : text;
}

// An element with attributes, listeners (on...) and children.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}
