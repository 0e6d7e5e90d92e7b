// The table of contents: a teacher's lesson if there is one, the lessons of the course, all panels.

import { progress } from "./progress.js";
import { element, fill, pick, word } from "./words.js";

// `about`: what /describe.json tells. Returns the elements of the page.
export function makeContents(about) {
  return [
    element("h1", { text: word("lab") }), ...teachersParts(about.lesson), ...course(about),
    element("h2", { text: word("all_experiments") }), element("p", { class: "lead", text: word("about_experiments") }),
    element("ol", { class: "contents" }, ...about.panels.map((panel) => entry(`#/${panel.key}`, pick(panel.title), pick(panel.about), `${word("rows")} ${panel.rows}`))),
  ];
}

function entry(href, title, text, rows) {
  return element("li", {}, element("a", { href, text: title }), element("p", { text }), element("span", { class: "rows", text: rows }));
}

function teachersParts(lesson) {
  if (!lesson) return [];
  return [element("h2", { text: pick(lesson.title) }), element("ol", { class: "contents" },
    ...lesson.parts.map((part, i) => entry(`#/lesson/${i + 1}`, `${word("part")} ${i + 1}`, pick(part.words), "")))];
}

function course({ course: lessons, panels }) {
  const { done, last, at } = progress();
  const finished = lessons.filter((lesson) => done.has(lesson.name)).length;
  const open = lessons.find((lesson) => lesson.name === last);
  const start = open ? element("a", { class: "main-link", href: `#/lesson/${open.name}${at ? `/${at}` : ""}`, text: fill("go_on", { n: open.number }) })
    : element("a", { class: "main-link", href: `#/lesson/${lessons[0].name}`, text: word("begin") });
  return [
    element("p", { class: "lead", text: word("welcome") }),
    element("div", { class: "progress" }, start,
      element("progress", { id: "progress", max: lessons.length, value: finished, "aria-labelledby": "finished-lessons" }),
      element("span", { id: "finished-lessons", text: fill("finished_lessons", { n: finished, all: lessons.length }) })),
    element("ol", { class: "course" }, ...lessons.map((lesson) => lessonEntry(lesson, panels, done.has(lesson.name)))),
  ];
}

// A lesson's rows of the course and minutes.
export function facts({ rows, minutes }) {
  return `${rows === "-" ? word("beyond_slides") : `${word("rows")} ${rows}`} · ${fill("minutes", { n: minutes })}`;
}

function lessonEntry(lesson, panels, isDone) {
  const experiments = lesson.panels.map((key) => panels.find((panel) => panel.key === key));
  return element("li", { "data-lesson": lesson.name },
    element("span", { class: "lesson-number", "aria-hidden": "true", text: lesson.number }),
    element("div", {},
      element("a", { class: "lesson-title", href: `#/lesson/${lesson.name}`, text: pick(lesson.title) }),
      element("p", { class: "rows", text: facts(lesson) },
        ...(isDone ? [element("span", { class: "done", text: ` · ✓ ${word("lesson_finished")}` })] : [])),
      ...(experiments.length ? [element("p", { class: "experiments" }, element("span", { class: "rows", text: `${word("experiments")}: ` }),
        ...experiments.flatMap((panel, i) => [i ? ", " : "", element("a", { href: `#/${panel.key}`, text: pick(panel.title) })]))] : [])));
}
