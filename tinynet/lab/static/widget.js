// A panel in a notebook: the same controls and pictures, over the notebook's own messages instead of a websocket.
// notebook.py joins this file with words.js, draw.js, controls.js, frames of transport.js and the panel.

import { makeControls } from "./controls.js";
import { setThemed } from "./draw.js";
import { decode } from "./transport.js";
import { digits, element, pick, setCatalogue, setLanguage, word } from "./words.js";
import make from "./panels/PANEL.js";

export function render({ model, el }) {
  const { panel, words, language, css } = model.get("about");
  setCatalogue(words);
  setLanguage(language);
  const host = element("div");
  el.append(host);
  const shadow = host.attachShadow({ mode: "open" });
  const root = element("div", { class: "widget", "data-theme": matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" });
  shadow.append(element("style", { text: css }), root);
  setThemed(root);
  const send = (message) => model.send(message);
  const latest = { settings: null, frame: null };
  const controls = makeControls(panel.parameters, [], (name, value) => send({ do: "set", settings: { [name]: value } }));
  const picture = element("section", { id: "picture", "aria-label": pick(panel.title) });
  const numbers = element("dl", { class: "numbers" });
  const button = (name, action) => element("button", { type: "button", "data-do": name, text: word(name), onclick: action });
  const play = button("play", () => send({ do: latest.frame?.playing ? "pause" : "play" }));
  const steps = element("output", { text: "0" });
  const notice = element("p", { class: "help", role: "alert" });
  const more = panel.follows ? [button("stop", () => send({ do: "stop" }))]
    : [button("back", () => send({ do: "back" })), button("reset", () => send({ do: "reset" }))];
  root.append(element("h2", { text: pick(panel.title) }), notice,
    element("div", { class: "bench" }, element("div", { class: "left" }, picture,
      element("div", { class: "transport" }, play, button("step", () => send({ do: "step" })), ...more, element("span", { text: word("steps") }), steps), numbers),
    element("aside", {}, controls.element)));
  const t = Object.fromEntries(Object.entries(panel.words).map(([name, both]) => [name, pick(both)]));
  const drawing = make(picture, {
    t: (name) => t[name] ?? name,
    option: (parameter, value) => pick(panel.parameters.find((one) => one.name === parameter).options.find(([one]) => one === value)[1]),
    settings: () => latest.settings, set: (settings) => send({ do: "set", settings }), calm: () => false,
  });
  const show = () => {
    if (!latest.frame || !latest.settings) return;
    const { step, playing, state } = latest.frame;
    steps.textContent = step;
    play.textContent = word(playing ? "pause" : "play");
    numbers.replaceChildren(...Object.entries(state.numbers).map(([name, value]) => element("div", { "data-number": name },
      element("dt", { text: t[name] ?? name }), element("dd", { text: t[value] ?? digits(value) }))));
    drawing.draw(state, latest.settings);
  };
  model.on("msg:custom", (message, buffers) => {
    if (message.type === "frame") {
      const view = buffers[0];
      latest.frame = decode(view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view);
      show();
    } else if (message.type === "settings") {
      latest.settings = message.settings;
      controls.show(latest.settings);
      show();
    } else if (message.type === "problem") {
      notice.textContent = pick(message.words);
    }
  });
  send({ do: "opened" });
  return () => {
    drawing.destroy?.();
    send({ do: "closed" }); // the output was cleared: the session ends, and its thread
  };
}
