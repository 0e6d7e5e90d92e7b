// How far the reader is in the course, as this browser remembers it: { done: [name], last: name, at: slug of a heading }.

import { recall, remember } from "./storage.js";

const NAME = "tinynet-course";

export function progress() {
  let kept;
  try {
    kept = JSON.parse(recall("localStorage", NAME));
  } catch {
    // another program's, or of an older version
  }
  const text = (one) => (typeof one === "string" ? one : "");
  return {
    done: new Set(Array.isArray(kept?.done) ? kept.done.filter((one) => typeof one === "string") : []),
    last: text(kept?.last), at: text(kept?.at),
  };
}

function keep({ done, last, at }) {
  remember("localStorage", NAME, JSON.stringify({ done: [...done], last, at }));
}

export function setDone(name, isDone) {
  const now = progress();
  if (isDone) now.done.add(name);
  else now.done.delete(name);
  keep(now);
}

// `at` is '' above the first heading: who scrolls up there, to leave by the page's head, keeps the place in the lesson.
export function setPlace(last, at) {
  const now = progress();
  keep({ ...now, last, at: at || (now.last === last ? now.at : "") });
}
