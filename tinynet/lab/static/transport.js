// The connection to this tab's session: JSON messages out; JSON messages and binary frames in (see frames.py).

import { recall, remember } from "./storage.js";

const TYPED = {
  u1: Uint8Array, i1: Int8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array,
  f4: Float32Array, f8: Float64Array,
};

// An array of the state: `values` is the typed array, `shape` its lengths.
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  return JSON.parse(header, (key, value) => {
    if (value && typeof value === "object") {
      const [name, more] = Object.keys(value);
      if (name === "array" && more === undefined && Array.isArray(value.array)) {
        const [type, offset, ...shape] = value.array;
        const count = shape.reduce((a, b) => a * b, 1);
        return { shape, values: new TYPED[type](buffer, 4 + length + offset, count) };
      }
      if (name === "number" && more === undefined && typeof value.number === "string") return Number(value.number);
    }
    return value;
  });
}

// The tab's name outlives a reload, so that its session goes on. A panel within a lesson has a name of its own, which it
// forgets: its page's storage is the lesson's.
const embedded = "embedded" in document.documentElement.dataset;
let ownName = "";
function tabName() {
  const name = embedded ? ownName : recall("sessionStorage", "tinynet-tab");
  return /^[0-9a-f]{18}$/.test(name) ? name : newTabName();
}

function newTabName() {
  const name = Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => b.toString(16).padStart(2, "0")).join("");
  if (embedded) ownName = name;
  else remember("sessionStorage", "tinynet-tab", name);
  return name;
}

export class Connection {
  // `on`: functions hello, frame, settings, code, file, problem, lost.
  constructor(on) {
    this.on = on;
    this.pause = 250;
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/session?tab=${tabName()}${embedded ? "&brief" : ""}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      this.pause = 250;
      if (typeof data === "string") {
        const message = JSON.parse(data);
        if (message.type === "moved") newTabName(); // a duplicate of this tab has taken the session, name and all
        this.on[message.type]?.(message);
      } else {
        this.on.frame(decode(data));
      }
    };
    this.socket.onclose = ({ code }) => {
      this.on.lost(code);
      setTimeout(() => this.connect(), this.pause);
      this.pause = Math.min(this.pause * 2, 4000);
    };
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
