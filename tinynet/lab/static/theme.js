// Before the first paint, so that a dark page does not flash: the theme that was chosen, or the system's.
document.documentElement.dataset.theme = localStorage.getItem("tinynet-theme")
  || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
