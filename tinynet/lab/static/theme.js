// Before the first paint, so that a dark page does not flash: the theme that was chosen, or the system's.
let theme = null;
try {
  theme = localStorage.getItem("tinynet-theme");
} catch {
  // a browser that remembers nothing
}
document.documentElement.dataset.theme = ["light", "dark"].includes(theme) ? theme
  : (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
