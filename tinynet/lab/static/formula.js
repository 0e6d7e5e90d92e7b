// Formulas: drawn by KaTeX for the eye, and as MathML for screen readers.

export function drawFormula(target, tex, displayMode) {
  katex.render(tex, target, { throwOnError: false, displayMode, output: "htmlAndMathml" });
}
