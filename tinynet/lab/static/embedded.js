// A panel within a lesson's page: the panel's own page in a frame, which starts once it is seen and rests when it is not.
// The lesson sends { visible } and { language, theme }, the panel's page { height }.

import { element, language, pick, word } from "./words.js";

const frames = new Map(); // window of a frame: its EmbeddedPanel

addEventListener("message", ({ source, origin, data }) => {
  if (origin === location.origin && typeof data?.height === "number") frames.get(source)?.setHeight(data.height);
});

export class EmbeddedPanel {
  // `address`: settings as in an address, 'surface=bowl&rate=0.1'.
  constructor(panel, address) {
    this.panel = panel;
    this.hash = `#/${panel.key}${address ? `?${address}` : ""}`;
    this.box = element("div", { class: "panel-box" });
    this.link = element("a", { href: this.hash, onclick: () => { this.link.href = this.frame?.contentWindow.location.hash || this.hash; } });
    this.element = element("figure", { class: "panel", "data-panel": panel.key }, this.box,
      element("figcaption", {}, this.link, element("code", { text: `tinynet lab '${this.hash.slice(2)}'` })));
    this.seen = new IntersectionObserver(([entry]) => this.see(entry.isIntersecting));
    this.seen.observe(this.element);
  }

  see(visible) {
    if (visible && !this.frame) this.start();
    this.send({ visible });
  }

  start() {
    const { theme } = document.documentElement.dataset;
    this.frame = element("iframe", { src: `/?embedded&lang=${language()}&theme=${theme}${this.hash}`, title: pick(this.panel.title) });
    this.box.replaceChildren(this.frame);
    frames.set(this.frame.contentWindow, this);
  }

  setHeight(height) {
    this.frame.style.height = `${Math.min(Math.max(height, 100), 10000)}px`;
  }

  send(message) {
    this.frame?.contentWindow.postMessage(message, location.origin);
  }

  // Writes the words, and passes on the language and the theme.
  fill() {
    this.link.textContent = word("open_alone");
    this.element.setAttribute("aria-label", pick(this.panel.title));
    if (this.frame) this.frame.title = pick(this.panel.title);
    this.send({ language: language(), theme: document.documentElement.dataset.theme });
  }

  destroy() {
    this.seen.disconnect();
    if (this.frame) frames.delete(this.frame.contentWindow);
  }
}

// The other end, in the panel's page. `page`: functions playing() and send(action) of its session, and dress(language,
// theme).
export function obeyLesson(page) {
  const { body, documentElement } = document;
  new ResizeObserver(() => parent.postMessage({ height: body.offsetHeight }, location.origin)).observe(body);
  let rests = false; // whether it plays on as soon as it is seen again
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== location.origin) return;
    if (data.language && (data.language !== language() || data.theme !== documentElement.dataset.theme)) page.dress(data.language, data.theme);
    if (data.visible === false && page.playing()) {
      rests = true;
      page.send("pause");
    } else if (data.visible && rests) {
      rests = false;
      page.send("play");
    }
  });
}
