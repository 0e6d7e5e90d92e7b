// Copying a text.

import { element, word } from "./words.js";

// Whether the text was copied.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text); // there is none in a class, whose pages are not encrypted
    return true;
  } catch {
    return copyByHand(text);
  }
}

function copyByHand(text) {
  const before = document.activeElement;
  const field = element("textarea", { class: "unseen", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  return done;
}

// Shows on a button for a moment that the text was copied; `name` is the button's word.
export function showCopied(button, name) {
  button.textContent = word("copied");
  setTimeout(() => { button.textContent = word(name); }, 1500);
}
