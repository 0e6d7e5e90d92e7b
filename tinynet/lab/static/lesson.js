// A lesson's page: text, formulas, code to copy, panels in their places, and the way through the course.

import { copyText, showCopied } from "./clipboard.js";
import { facts } from "./contents.js";
import { EmbeddedPanel } from "./embedded.js";
import { drawFormula } from "./formula.js";
import { progress, setDone, setPlace } from "./progress.js";
import { element, fill, language, pick, word } from "./words.js";

const WIDE = matchMedia("(min-width: 1200px)"); // the list of headings stands beside the text
const SLOW = 300; // milliseconds after the last scrolling until the place is remembered

export class LessonPage {
  // `about`: what /describe.json tells; `lesson`: its entry there; `pieces`: of course.py's lesson_page.
  constructor(about, lesson, pieces) {
    Object.assign(this, { about, lesson, pieces, panels: [], now: "" });
    this.article = element("article", { class: "lesson", id: "lesson", tabindex: "-1" }, ...pieces.map((piece) => this.make(piece)));
    this.headings = element("details", { class: "headings" });
    this.headings.open = WIDE.matches;
    this.end = element("div", { class: "lesson-end" });
    this.main = element("div", { class: "lesson-page" }, element("nav", { class: "beside" }, this.headings), element("div", {}, this.article, this.end));
    this.onWide = () => { this.headings.open = WIDE.matches; };
    this.onScroll = () => this.scrolled();
    this.onSize = new ResizeObserver(() => this.reachByKeyboard());
    this.onSize.observe(this.article);
    WIDE.addEventListener("change", this.onWide);
    addEventListener("scroll", this.onScroll, { passive: true });
  }

  make(piece) {
    if (piece.html) return element("div", { class: "text" });
    if (piece.code) return codeBlock(piece.code, piece.tags);
    const panel = new EmbeddedPanel(this.about.panels.find((one) => one.key === piece.panel), piece.address);
    this.panels.push(panel);
    return panel.element;
  }

  // Writes all that is in the reader's language. Panels and code stay, so that a training goes on.
  fill() {
    document.title = `${fill("lesson_number", { n: this.lesson.number })}: ${pick(this.lesson.title)} – ${word("lab")}`;
    this.pieces.forEach((piece, i) => {
      if (piece.html) this.fillText(this.article.children[i], piece.html[language()]);
      else if (piece.code) nameCode(this.article.children[i], piece.tags);
    });
    this.panels.forEach((panel) => panel.fill());
    this.article.firstElementChild.prepend(element("p", { class: "rows", text: `${fill("lesson_number", { n: this.lesson.number })} · ${facts(this.lesson)}` }));
    this.article.firstElementChild.append(this.howToRun());
    this.fillHeadings();
    this.fillEnd();
    this.reachByKeyboard();
  }

  fillText(box, html) {
    box.innerHTML = html; // of markdown.py, which lets no HTML of the text through
    for (const math of box.querySelectorAll(".math")) {
      math.dataset.tex = math.textContent.trim();
      drawFormula(math, math.dataset.tex, math.tagName === "DIV");
    }
    for (const pre of box.querySelectorAll("pre")) {
      const block = codeBlock(pre.firstChild.innerHTML.trimEnd(), []);
      nameCode(block, []);
      pre.replaceWith(block);
    }
    for (const table of box.querySelectorAll("table")) {
      const around = element("div", { class: "scroll", role: "group", "aria-label": word("table") });
      table.replaceWith(around);
      around.append(table);
    }
  }

  howToRun() {
    const { name, number } = this.lesson;
    const commands = [`tinynet lessons --lang ${language()} --out lessons`, `tinynet lessons run ${number} --lang ${language()}`];
    return element("div", { class: "how-to-run", "data-lesson": name }, element("p", { text: word("how_to_run") }),
      element("ul", {}, ...commands.map((command) => element("li", {}, element("code", { text: command })))),
      ...(this.about.notebooks ? [element("a", { href: `/lessons/${name}.ipynb?lang=${language()}`, download: `${name}.ipynb`, text: word("save_lesson") })] : []));
  }

  fillHeadings() {
    const list = element("ol");
    for (const heading of this.article.querySelectorAll("[data-slug]")) {
      const { slug } = heading.dataset;
      heading.id = `at-${slug}`;
      heading.tabIndex = -1;
      if (heading.tagName === "H1") continue;
      const href = `#/lesson/${this.lesson.name}/${slug}`;
      const onclick = () => { if (location.hash === href) this.jump(slug); }; // the address stays: nothing else tells
      list.append(element("li", { class: heading.tagName.toLowerCase() },
        element("a", { href, "data-to": slug, onclick }, ...heading.cloneNode(true).childNodes)));
      heading.append(" ", element("a", { class: "anchor", href, onclick, "aria-label": fill("link_to", { title: plainText(heading) }), text: "#" }));
    }
    this.headings.replaceChildren(element("summary", { text: word("in_this_lesson") }), list);
    this.headings.parentElement.setAttribute("aria-label", word("in_this_lesson"));
    this.showNow();
  }

  fillEnd() {
    const { name } = this.lesson;
    const box = element("input", { type: "checkbox", id: "done", onchange: () => setDone(name, box.checked) });
    box.checked = progress().done.has(name);
    const link = (one, rel) => (one ? element("a", { rel, href: `#/lesson/${one.name}`,
      text: `${word(rel)}: ${fill("lesson_number", { n: one.number })} ${pick(one.title)}` }) : "");
    this.end.replaceChildren(element("label", { class: "tick", for: "done" }, box, word("finish_lesson")),
      element("nav", { class: "neighbours", "aria-label": word("neighbours"), title: word("turn_lessons") }, link(this.neighbour(-1), "previous"), element("a", { href: "#/", text: word("contents") }), link(this.neighbour(1), "next")));
  }

  neighbour(by) {
    const { course } = this.about;
    return course[course.indexOf(this.lesson) + by];
  }

  // Whatever is wider than the page can be scrolled by the keyboard, too.
  reachByKeyboard() {
    for (const box of this.article.querySelectorAll("pre, .scroll, .math.block")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  // Goes to a heading, or to the top; after the browser's way back, to where the reader was.
  go(slug) {
    const left = history.state?.lesson;
    if (left) this.scrollTo(left.slug, left.below);
    else this.jump(slug);
  }

  jump(slug) {
    this.scrollTo(slug, -8);
    (document.getElementById(`at-${slug}`) ?? this.article).focus({ preventScroll: true });
  }

  // `below`: pixels from the heading's upper edge; from the page's if there is no such heading.
  scrollTo(slug, below) {
    const place = () => {
      const heading = document.getElementById(`at-${slug}`);
      scrollTo(0, (heading ? heading.getBoundingClientRect().top + scrollY : 0) + below);
    };
    place();
    const there = scrollY;
    document.fonts.ready.then(() => { // formulas have their height only now
      if (Math.abs(scrollY - there) < 2 && this.main.isConnected) place();
    });
    this.scrolled();
  }

  scrolled() {
    this.showNow();
    clearTimeout(this.slowly);
    this.slowly = setTimeout(() => this.rememberPlace(), SLOW);
  }

  rememberPlace() {
    const heading = document.getElementById(`at-${this.now}`);
    const below = Math.round(scrollY - (heading ? heading.getBoundingClientRect().top + scrollY : 0));
    history.replaceState({ lesson: { slug: heading ? this.now : null, below } }, "");
    setPlace(this.lesson.name, this.now);
  }

  // Marks the heading above what is on the screen.
  showNow() {
    const above = [...this.article.querySelectorAll("[data-slug]")].filter((one) => one.getBoundingClientRect().top < 120);
    const slug = above.at(-1)?.dataset.slug ?? "";
    this.now = above.at(-1)?.tagName === "H1" ? "" : slug;
    for (const link of this.headings.querySelectorAll("a")) {
      if (link.dataset.to === this.now) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // After a change of language or theme: what the reader looks at stays where it is.
  refresh() {
    const slug = this.now;
    const top = () => document.getElementById(`at-${slug}`)?.getBoundingClientRect().top ?? 0;
    const before = top();
    this.fill();
    if (slug) scrollBy(0, top() - before);
  }

  // Whether a pressed key turned to the lesson before or after.
  turn({ key, target }) {
    if (target !== document.body && !target.matches("main, article, h1, h2, h3, h4")) return false;
    const lesson = { ArrowLeft: this.neighbour(-1), ArrowRight: this.neighbour(1) }[key];
    if (lesson) location.hash = `#/lesson/${lesson.name}`;
    return Boolean(lesson);
  }

  destroy() {
    clearTimeout(this.slowly);
    this.panels.forEach((panel) => panel.destroy());
    this.onSize.disconnect();
    WIDE.removeEventListener("change", this.onWide);
    removeEventListener("scroll", this.onScroll);
  }
}

// A heading's text, a formula in it as TeX.
function plainText(heading) {
  const copy = heading.cloneNode(true);
  for (const math of copy.querySelectorAll(".math")) math.textContent = math.dataset.tex;
  return copy.textContent.trim();
}

// `html`: of colours.py, which escapes the code.
function codeBlock(html, tags) {
  const code = element("code");
  code.innerHTML = html;
  const copy = element("button", { type: "button", "data-do": "copy", onclick: async () => {
    if (await copyText(code.textContent)) showCopied(copy, "copy");
    else getSelection().selectAllChildren(code);
  } });
  return element("div", { class: "cell" }, element("div", { class: "cell-bar" }, ...tags.map((tag) => element("span", { "data-tag": tag })), copy),
    element("pre", { role: "group" }, code));
}

function nameCode(block, tags) {
  block.querySelector("button").textContent = word("copy");
  block.querySelector("pre").setAttribute("aria-label", word("python"));
  tags.forEach((tag) => { block.querySelector(`[data-tag=${tag}]`).textContent = word(`tag_${tag}`); });
}
