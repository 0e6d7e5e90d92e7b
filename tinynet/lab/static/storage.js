// What the browser remembers for the page. One that forbids it (a private window, a full disk) forgets at the next reload.

const inMemory = new Map();

// `kind`: "localStorage" (all tabs of this browser) or "sessionStorage" (this tab).
export function recall(kind, name) {
  try {
    return window[kind].getItem(name) ?? inMemory.get(name) ?? null;
  } catch {
    return inMemory.get(name) ?? null;
  }
}

export function remember(kind, name, value) {
  inMemory.set(name, value);
  try {
    window[kind].setItem(name, value);
  } catch {
    // remembered until the reload
  }
}
