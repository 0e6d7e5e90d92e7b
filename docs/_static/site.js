"use strict";

// From a file, a browser does not read other pages: the search shows titles without the text around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  for (const formula of document.querySelectorAll(".math")) {
    const displayMode = formula.classList.contains("display");
    katex.render(formula.textContent, formula, { displayMode, throwOnError: false, strict: "ignore" });
  }
});
