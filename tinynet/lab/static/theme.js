// Before the first paint, so that a dark page does not flash: the theme that was chosen, or the system's.
// A panel within a lesson's page has the lesson's.
const search = new URLSearchParams(location.search);
let theme = search.get("theme");
try {
  theme ??= localStorage.getItem("tinynet-theme");
} catch {
  // a browser that remembers nothing
}
if (search.has("embedded")) document.documentElement.dataset.embedded = "";
document.documentElement.dataset.theme = ["light", "dark"].includes(theme) ? theme
  : (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
