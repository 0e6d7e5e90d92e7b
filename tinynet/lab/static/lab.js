// The page: contents, a lesson, or one panel with its controls, numbers, formulas and code. Panels draw; what is around
// them is here, contents and lessons in modules of their own.

import { copyText, showCopied } from "./clipboard.js";
import { makeContents } from "./contents.js";
import { makeControls } from "./controls.js";
import { obeyLesson } from "./embedded.js";
import { drawFormula } from "./formula.js";
import { LessonPage } from "./lesson.js";
import { recall, remember } from "./storage.js";
import { Connection } from "./transport.js";
import { digits, element, fill, language, languages, pick, setCatalogue, setLanguage, word } from "./words.js";

const $ = (query) => document.querySelector(query);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const root = document.documentElement;
const embedded = "embedded" in root.dataset; // within a lesson's page: see embedded.js

let about; // what /describe.json tells: panels, the course's lessons, words, a teacher's lesson
let connection;
let view = null; // the panel that is open: { panel, part, module, controls, ... }
let reading = null; // the lesson that is open, a LessonPage
let latest = { settings: null, seed: 0, frame: null, code: "", address: "" };

// Addresses ---------------------------------------------------------------------------------------------------------

// '#/descent?surface=bowl&seed=1&step=20', '#/lesson/03_momentum/the-ravine', or '#/lesson/2' of a teacher's lesson.
function parseHash() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const settings = Object.fromEntries(new URLSearchParams(query.replaceAll("+", "%2B")));
  const take = (name) => {
    const value = settings[name];
    delete settings[name];
    return value;
  };
  return { path, lang: take("lang"), seed: Number(take("seed") || 0), step: Number(take("step") || 0), settings };
}

function showAddress() {
  if (!view || view.part || parseHash().path !== view.panel.key) return; // the reader may be on the way elsewhere
  const parts = [latest.address];
  if (latest.seed) parts.push(`seed=${latest.seed}`);
  if (latest.frame?.step) parts.push(`step=${Math.min(latest.frame.step, 20000)}`);
  const query = parts.filter(Boolean).join("&");
  history.replaceState(null, "", `#/${view.panel.key}${query ? `?${query}` : ""}`);
  remember("sessionStorage", "tinynet-address", location.hash);
}

// Opening -----------------------------------------------------------------------------------------------------------

let routes = 0;
async function route(resumed = false) {
  const mine = ++routes;
  const wanted = parseHash();
  if (wanted.lang) setLanguage(wanted.lang);
  let { path, settings, seed, step } = wanted;
  let part = null;
  const lesson = courseLesson(path);
  if (lesson) {
    openLesson(lesson, path.split("/")[2], mine);
    return;
  }
  if (path.startsWith("lesson/") && about.lesson) {
    part = about.lesson.parts[Number(path.slice(7)) - 1] || about.lesson.parts[0];
    path = part.panel;
    settings = Object.fromEntries(new URLSearchParams(part.address.replaceAll("+", "%2B")));
    seed = Number(settings.seed || 0);
    step = Number(settings.step || 0);
    delete settings.seed;
    delete settings.step;
  }
  const panel = about.panels.find((one) => one.key === path);
  if (!panel) {
    showContents();
    return;
  }
  let module;
  try {
    module = await import(`/static/panels/${panel.key}.js`);
  } catch {
    explainLoss(); // the server is gone; once it is back, `hello` routes again
    return;
  }
  if (mine !== routes) return; // the reader has gone on meanwhile
  showPanel(panel, part, module);
  const same = resumed && recall("sessionStorage", "tinynet-address") === location.hash;
  connection.send(same ? { do: "resume" } : { do: "open", panel: panel.key, settings, seed, step });
  ready();
}

// The course's lesson that an address means, by its name or number. A teacher's parts have their numbers before it.
function courseLesson(path) {
  const [kind, name] = path.split("/");
  if (kind !== "lesson" || (about.lesson && /^\d*$/.test(name ?? ""))) return undefined;
  return about.course.find((one) => one.name === name || one.number === Number(name || NaN));
}

async function openLesson(lesson, slug, mine) {
  if (reading?.lesson !== lesson) {
    let answer;
    try {
      answer = await fetch(`/lessons/${lesson.name}.json`);
    } catch {
      explainLoss(); // once the server is back, `hello` routes again
      return;
    }
    if (!answer.ok) {
      if (answer.status === 403) explainLoss();
      else notice(`${lesson.name}: ${answer.status} ${answer.statusText}`);
      return;
    }
    const { pieces } = await answer.json();
    if (mine !== routes) return; // the reader has gone on meanwhile
    leave();
    connection.send({ do: "leave" });
    reading = new LessonPage(about, lesson, pieces);
    $("#main").replaceChildren(reading.main);
    reading.fill();
    showSkip();
  }
  reading.go(slug);
}

function showHeader() {
  if (embedded) return;
  const other = languages.find((one) => one !== language());
  $("header").replaceChildren(
    element("a", { class: "brand", href: "#/" }, element("img", { src: "/static/icon.svg", alt: "", width: 28, height: 28 }), word("lab")),
    element("nav", { "aria-label": word("contents") }, element("a", { href: "#/", text: word("contents") })),
    element("button", { type: "button", id: "language", lang: other, text: word("language"), onclick: () => changeLanguage(other) }),
    element("button", { type: "button", id: "theme", text: word("theme"), onclick: changeTheme }),
  );
  showSkip();
}

function showSkip() {
  const skip = $(".skip");
  skip.textContent = word(view ? "skip" : "skip_to_text");
  skip.onclick = (event) => { event.preventDefault(); ($("#picture") || $("#lesson") || $("#main")).focus(); };
}

function showContents() {
  leave();
  connection.send({ do: "leave" });
  document.title = word("lab");
  $("#main").replaceChildren(...makeContents(about));
  showSkip();
}

function leave() {
  view?.drawing?.destroy?.();
  reading?.destroy();
  view = reading = null;
  pending = {};
}

function showPanel(panel, part, module) {
  leave();
  latest = { settings: null, seed: 0, frame: null, code: "", address: "" };
  view = { panel, part, module, hidden: part ? part.hidden : [] };
  build();
  showSkip();
}

// The page of the open panel, from the start; also after a change of language or theme, which keeps the session.
function build() {
  const { panel, part, hidden } = view;
  view.drawing?.destroy?.();
  document.title = `${pick(panel.title)} – ${word("lab")}`;
  const picture = element("section", { id: "picture", tabindex: "-1", "aria-label": pick(panel.title) });
  view.controls = makeControls(panel.parameters, hidden, change);
  view.numbers = element("dl", { class: "numbers", "aria-label": word("numbers") });
  view.code = element("code", { text: latest.code });
  const formulas = panel.formulas.map(([name, tex]) => {
    const shown = element("span", { class: "formula" });
    drawFormula(shown, tex, true);
    return element("div", {}, element("span", { class: "formula-name", text: pick(name) }), shown);
  });
  $("#main").replaceChildren(
    element("div", { class: "top" }, element("h1", { text: pick(panel.title) }), element("span", { class: "rows", text: `${word("rows")} ${panel.rows}` })),
    element("p", { class: "lead", text: part?.words ? pick(part.words) : pick(panel.about) }),
    ...(part || embedded ? [] : [lessonsWith(panel)]),
    element("div", { class: "bench" },
      // In a frame as high as its page nothing sticks to the window's lower edge: there the bar stands above the picture.
      element("div", { class: "left" }, ...(embedded ? [transportBar(hidden), picture] : [picture, transportBar(hidden)]), view.numbers),
      element("aside", { "aria-label": word("settings") }, view.controls.element)),
    ...(formulas.length ? [element("section", { class: "formulas", tabindex: "0", "aria-label": word("formulas") }, ...formulas)] : []),
    ...(hidden.includes("code") ? [] : [codeBox()]),
    ...(embedded ? [] : [neighbours(panel, part)]),
  );
  const t = Object.fromEntries(Object.entries(panel.words).map(([name, words]) => [name, pick(words)]));
  view.drawing = view.module.default(picture, {
    t: (name) => t[name] ?? name,
    option: (parameter, value) => pick(panel.parameters.find((one) => one.name === parameter).options.find(([one]) => one === value)[1]),
    settings: () => latest.settings,
    set: (settings) => connection.send({ do: "set", settings }),
    calm: () => calm.matches,
  });
  show();
}

function transportBar(hidden) {
  const button = (name, action, more = {}) => element("button", { type: "button", id: name, "data-do": name, text: word(name), onclick: action, ...more });
  const speed = element("select", { id: "speed", onchange: () => connection.send({ do: "speed", speed: Number(speed.value) }) },
    ...about.speeds.map((one) => element("option", { value: one, text: one ? `${one} ${word("per_second")}` : word("fastest") })));
  speed.value = latest.speed ?? view.panel.speed;
  const seed = element("input", { id: "seed", type: "number", min: 0, max: 2147483647, step: 1,
    onchange: () => connection.send({ do: "seed", seed: seed.valueAsNumber }) });
  if (view.panel.follows) {
    return element("div", { class: "transport", role: "toolbar", "aria-label": word("keys") },
      button("play", playOrPause, { class: "main-button" }), button("step", () => connection.send({ do: "step" })),
      button("stop", () => connection.send({ do: "stop" })),
      element("span", { class: "counter" }, element("span", { text: `${word("batch")} ` }), element("output", { id: "steps", text: "0" }), element("span", { id: "finished" })));
  }
  return element("div", { class: "transport", role: "toolbar", "aria-label": word("keys"), title: word("keys") },
    button("reset", () => connection.send({ do: "reset" })),
    button("back", () => connection.send({ do: "back" })),
    button("play", playOrPause, { class: "main-button" }),
    button("step", () => connection.send({ do: "step" })),
    element("span", { class: "counter" }, element("span", { text: `${word("steps")} ` }), element("output", { id: "steps", text: "0" }), element("span", { id: "finished" })),
    ...[speed, seed].filter(({ id }) => !hidden.includes(id)).map((control) => element("span", { class: "labelled" },
      element("label", { for: control.id, text: word(control.id) }), control)),
  );
}

function codeBox() {
  const box = element("details", { class: "code" }, element("summary", { text: word("code") }),
    element("div", { class: "small-buttons" },
      element("button", { type: "button", id: "copy", text: word("copy"), onclick: () => copy(latest.code, "copy") }),
      element("button", { type: "button", id: "save_py", text: word("save_py"), onclick: () => connection.send({ do: "export", format: "py", lang: language() }) }),
      element("button", { type: "button", id: "save_ipynb", text: word("save_ipynb"), onclick: () => connection.send({ do: "export", format: "ipynb", lang: language() }) }),
      element("button", { type: "button", id: "link", text: word("link"), onclick: () => copy(location.href, "link") })),
    element("pre", { tabindex: "0", "aria-label": word("code") }, view.code));
  box.open = recall("localStorage", "tinynet-code") === "open";
  box.addEventListener("toggle", () => remember("localStorage", "tinynet-code", box.open ? "open" : ""));
  return box;
}

// Links to the lessons that the panel belongs to.
function lessonsWith(panel) {
  const found = about.course.filter((lesson) => lesson.panels.includes(panel.key));
  return found.length === 0 ? "" : element("p", { class: "lessons-with" }, element("span", { class: "rows", text: `${word("lessons_with")}: ` }),
    ...found.flatMap((lesson, i) => [i ? ", " : "", element("a", { href: `#/lesson/${lesson.name}`, text: `${fill("lesson_number", { n: lesson.number })} ${pick(lesson.title)}` })]));
}

function neighbours(panel, part) {
  const list = part ? about.lesson.parts : about.panels;
  const i = part ? list.indexOf(part) : list.findIndex((one) => one.key === panel.key);
  const link = (one, k, name) => one && element("a", {
    href: part ? `#/lesson/${k + 1}` : `#/${one.key}`, rel: name,
    text: `${word(name)}: ${part ? `${word("part")} ${k + 1}` : pick(one.title)}`,
  });
  return element("nav", { class: "neighbours", "aria-label": word("neighbours") },
    link(list[i - 1], i - 1, "previous") || "", link(list[i + 1], i + 1, "next") || "");
}

// What the reader does ----------------------------------------------------------------------------------------------

let pending = {};
let waiting = false;
function change(name, value) {
  pending[name] = value;
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (Object.keys(pending).length) connection.send({ do: "set", settings: pending });
    pending = {};
  });
}

function playOrPause() {
  connection.send({ do: latest.frame?.playing ? "pause" : "play" });
}

async function copy(text, name) {
  if (await copyText(text)) showCopied($(`#${name}`), name);
  else if (name === "copy") getSelection().selectAllChildren(view.code);
}

function changeLanguage(to) {
  setLanguage(to);
  remember("localStorage", "tinynet-language", to);
  refresh();
}

function changeTheme() {
  setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  remember("localStorage", "tinynet-theme", root.dataset.theme);
}

function setTheme(theme) {
  root.dataset.theme = theme;
  refresh();
}

let themeOnScreen;
addEventListener("beforeprint", () => { // paper is white
  themeOnScreen = root.dataset.theme;
  if (themeOnScreen === "dark") setTheme("light");
});
addEventListener("afterprint", () => {
  if (themeOnScreen === "dark") setTheme("dark");
});

function refresh() {
  const focused = document.activeElement?.id;
  showHeader();
  if (view) build();
  else if (reading) reading.refresh();
  else showContents();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true }); // its element was made anew
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (reading?.turn(event)) event.preventDefault();
  if (!view || /^(INPUT|SELECT|TEXTAREA|BUTTON|SUMMARY|A)$/.test(event.target.tagName)) return;
  const action = { " ": playOrPause, ArrowRight: () => connection.send({ do: "step" }), ArrowLeft: () => connection.send({ do: "back" }), r: () => connection.send({ do: "reset" }) }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

// What the session sends ----------------------------------------------------------------------------------------------

let frames = 0;
// Asks for the next picture once this one is on the screen.
function ready() {
  const ask = () => connection.send({ do: "ready" });
  if (calm.matches) setTimeout(ask, 250);
  else requestAnimationFrame(ask);
}

function show() {
  if (!view) return;
  if (latest.settings) {
    view.controls.show(latest.settings);
    const seed = $("#seed");
    if (seed && document.activeElement !== seed) seed.value = latest.seed;
    const speed = $("#speed");
    if (speed && document.activeElement !== speed) speed.value = latest.speed;
  }
  if (!latest.frame || !latest.settings) return;
  const { step, playing, finished, state } = latest.frame;
  $("#steps").textContent = step.toLocaleString("en-US");
  $("#finished").textContent = finished ? ` – ${word("finished")}` : "";
  $("#play").textContent = word(playing ? "pause" : "play");
  $("#play").setAttribute("aria-pressed", String(playing));
  if ($("#back")) $("#back").disabled = step === 0;
  $("#step").disabled = $("#play").disabled = finished;
  showNumbers(state.numbers || {});
  view.drawing.draw(state, latest.settings);
  if (!playing && !view.panel.follows) showAddress();
}

let spoken = 0;
function showNumbers(numbers) {
  const names = Object.keys(numbers);
  const label = (name) => pick(view.panel.words[name]) || name;
  if (view.numbers.childElementCount !== names.length || view.numbersOf !== names.join()) {
    view.numbersOf = names.join();
    view.numbers.replaceChildren(...names.map((name) => element("div", { "data-number": name },
      element("dt", { text: label(name) }), element("dd"))));
  }
  names.forEach((name, i) => {
    const text = view.panel.words[numbers[name]] ? label(numbers[name]) : digits(numbers[name]);
    const cell = view.numbers.children[i].lastChild;
    if (cell.textContent !== text) cell.textContent = text;
  });
  if (!latest.frame.playing && Date.now() - spoken > 1000) {
    spoken = Date.now();
    $("#status").textContent = `${word("steps")} ${latest.frame.step}. ${names.map((name) => `${label(name)} ${digits(numbers[name])}`).join(", ")}`;
  }
}

function notice(text) {
  $("#notice").hidden = !text;
  $("#notice").textContent = text;
}

const on = {
  hello({ resumed }) {
    notice("");
    if (view && !resumed) restore();
    else if (!reading) route(resumed);
  },
  frame(frame) {
    if (!view) return;
    frames += 1;
    latest.frame = frame;
    try {
      show();
    } finally {
      ready(); // a picture that cannot be drawn does not end the pictures
    }
  },
  settings(message) {
    if (!view || message.panel !== view.panel.key) return;
    if (!view.explained) notice("");
    view.explained = false;
    Object.assign(latest, { settings: message.settings, seed: message.seed, speed: message.speed, address: message.address });
    view.controls.show(latest.settings);
    showAddress();
  },
  code({ code }) {
    latest.code = code;
    if (view) view.code.textContent = code;
  },
  file({ name, text }) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    element("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  },
  problem({ words }) {
    notice(pick(words));
    if (view && latest.settings) view.controls.show(latest.settings);
    else if (view && !view.explained) { // a link that is refused: the panel opens as it is at first, below the reason
      view.explained = true;
      connection.send({ do: "open", panel: view.panel.key });
      ready();
    }
  },
  full({ words }) {
    notice(pick(words));
  },
  lost(code) {
    if (about && code < 4000) explainLoss();
  },
};

// Tells whether the server is gone, or does not know this browser any more.
async function explainLoss() {
  notice(word("disconnected"));
  try {
    const answer = await fetch("/describe.json", { method: "HEAD", cache: "no-store" });
    if (answer.status === 403) notice(word("locked"));
  } catch {
    // gone, as the notice tells
  }
}

// The server was started anew: what was open goes on from the address.
function restore() {
  if (view.part || !latest.settings) route();
  else {
    connection.send({ do: "open", panel: view.panel.key, settings: latest.settings, seed: latest.seed, step: Math.min(latest.frame?.step || 0, 20000) });
    ready();
  }
}

// For tests, and for those who are curious in the console.
window.__lab = {
  state: () => latest.frame?.state, step: () => latest.frame?.step, settings: () => latest.settings, code: () => latest.code,
  playing: () => latest.frame?.playing, frames: () => frames,
};

async function start() {
  about = await (await fetch("/describe.json")).json();
  setCatalogue(about.words);
  const wanted = parseHash().lang || recall("localStorage", "tinynet-language") || about.language || navigator.language.slice(0, 2);
  setLanguage((embedded && new URLSearchParams(location.search).get("lang")) || wanted);
  showHeader();
  connection = new Connection(on);
  addEventListener("hashchange", () => route());
  if (embedded) {
    obeyLesson({
      playing: () => latest.frame?.playing, send: (action) => connection.send({ do: action }),
      dress: (to, theme) => {
        setLanguage(to);
        setTheme(theme);
      },
    });
  }
}
start();
