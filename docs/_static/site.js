"use strict";

// From a file, a browser does not read other pages: the search shows titles without the text around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// Sphinx's Korean catalog has an empty translation of this line.
const FOUND = "Search finished, found one page matching the search query.";
if (document.documentElement.lang === "ko") Documentation.TRANSLATIONS[FOUND] = ["${resultCount}개 페이지를 찾았습니다."];

document.addEventListener("DOMContentLoaded", () => {
  for (const formula of document.querySelectorAll(".math")) {
    const displayMode = formula.classList.contains("display");
    katex.render(formula.textContent, formula, { displayMode, throwOnError: false, strict: "ignore" });
  }
});
