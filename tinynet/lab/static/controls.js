// A control for each parameter of a panel (see parameters.py): a label, an input, a sentence of help.

import { digits, element, pick, word } from "./words.js";

// Returns { element, show(settings) }. `change(name, value)` is called when the reader sets something.
export function makeControls(parameters, hidden, change) {
  const shown = parameters.filter((one) => one.shown && !hidden.includes(one.name));
  const controls = shown.map((one) => ({ parameter: one, ...MAKERS[one.kind](one, (value) => change(one.name, value)) }));
  const root = element("div", { class: "controls" });
  for (const control of controls) {
    control.box.dataset.parameter = control.parameter.name;
    if (control.parameter.help) {
      const help = element("p", { class: "help", id: `help-${control.parameter.name}`, text: pick(control.parameter.help) });
      control.box.append(help);
    }
    root.append(control.box);
  }
  return {
    element: root,
    show(settings) {
      for (const control of controls) {
        const { name, when } = control.parameter;
        control.box.hidden = !Object.entries(when).every(([other, values]) => values.includes(settings[other]));
        control.show(settings[name]);
      }
    },
  };
}

const identify = (one, part = "") => `set-${one.name}${part}`;
const described = (one) => (one.help ? `help-${one.name}` : null);

const MAKERS = {
  choice(one, change) {
    if (one.options.length <= 4) return radios(one, change);
    const select = element("select", {
      id: identify(one), "aria-describedby": described(one), onchange: () => change(select.value),
    }, ...one.options.map(([value, words]) => element("option", { value, text: pick(words) })));
    const label = element("label", { for: select.id, text: pick(one.label) });
    return { box: element("div", { class: "control" }, label, select), show: (value) => { select.value = value; } };
  },

  several(one, change) {
    const boxes = one.options.map(([value]) => element("input", {
      type: "checkbox", value, id: identify(one, `-${value}`),
      onchange: () => change(boxes.filter((box) => box.checked).map((box) => box.value)),
    }));
    const labels = one.options.map(([, words], i) => element("label", { class: "tick" }, boxes[i], pick(words)));
    const box = element("fieldset", { class: "control", "aria-describedby": described(one) },
      element("legend", { text: pick(one.label) }), ...labels);
    return { box, show: (values) => boxes.forEach((tick) => { tick.checked = values.includes(tick.value); }) };
  },

  number(one, change) {
    const place = (value) => (one.log ? Math.log10(value) : value);
    const slider = element("input", {
      type: "range", id: identify(one), min: place(one.low), max: place(one.high), step: one.log ? 0.05 : one.step,
      "aria-describedby": described(one),
      oninput: () => {
        let value = one.log ? Number((10 ** slider.valueAsNumber).toPrecision(3)) : slider.valueAsNumber;
        value = Math.min(Math.max(value, one.low), one.high);
        field.value = value;
        change(value);
      },
    });
    const field = element("input", {
      type: "number", min: one.low, max: one.high, step: one.whole ? 1 : "any", "aria-label": pick(one.label),
      onchange: () => change(field.valueAsNumber),
    });
    const box = element("div", { class: "control number" },
      element("label", { for: slider.id, text: pick(one.label) }), slider, field);
    return {
      box,
      show(value) {
        if (document.activeElement !== field) field.value = value;
        if (document.activeElement !== slider) slider.value = place(value);
        slider.setAttribute("aria-valuetext", digits(value));
      },
    };
  },

  flag(one, change) {
    const tick = element("input", {
      type: "checkbox", id: identify(one), "aria-describedby": described(one), onchange: () => change(tick.checked),
    });
    const box = element("div", { class: "control" }, element("label", { class: "tick" }, tick, pick(one.label)));
    return { box, show: (value) => { tick.checked = value; } };
  },

  text(one, change) {
    const field = element("input", {
      type: "text", id: identify(one), maxlength: one.most, spellcheck: "false", "aria-describedby": described(one),
      onchange: () => change(field.value),
    });
    const box = element("div", { class: "control" }, element("label", { for: field.id, text: pick(one.label) }), field);
    return { box, show: (value) => { if (document.activeElement !== field) field.value = value; } };
  },

  place(one, change) {
    const fields = ["x", "y"].map((axis, i) => element("input", {
      type: "number", id: identify(one, `-${axis}`), step: "any", min: one.bounds[2 * i], max: one.bounds[2 * i + 1],
      "aria-label": `${pick(one.label)}, ${word(axis)}`,
      onchange: () => change(fields.map((field) => field.valueAsNumber)),
    }));
    const box = element("fieldset", { class: "control pair", "aria-describedby": described(one) },
      element("legend", { text: pick(one.label) }), ...fields);
    return {
      box,
      show: (value) => fields.forEach((field, i) => {
        if (document.activeElement !== field) field.value = Number(value[i].toPrecision(4));
      }),
    };
  },

  rows(one, change) {
    return one.look === "points" ? pointRows(one, change) : gridRows(one, change);
  },

  picture(one, change) {
    return pictureControl(one, change);
  },
};

function radios(one, change) {
  const buttons = one.options.map(([value]) => element("input", {
    type: "radio", name: identify(one), value, onchange: () => change(value),
  }));
  const labels = one.options.map(([, words], i) => element("label", { class: "radio" }, buttons[i], element("span", { text: pick(words) })));
  const box = element("fieldset", { class: "control radios", "aria-describedby": described(one) },
    element("legend", { text: pick(one.label) }), element("div", { class: "segments" }, ...labels));
  return { box, show: (value) => buttons.forEach((button) => { button.checked = button.value === value; }) };
}

// A table of numbers to type in.
function gridRows(one, change) {
  let rows = [];
  const table = element("div", { class: "grid" });
  const button = (name, action, possible) => element("button", {
    type: "button", text: GRID_SIGNS[name], title: word(name), "aria-label": `${pick(one.label)}: ${word(name)}`,
    onclick: () => { if (possible()) change(action()); },
  });
  const buttons = element("div", { class: "small-buttons" });
  if (one.rows[0] !== one.rows[1]) {
    buttons.append(
      button("add_row", () => [...rows, rows[0].map(() => 0)], () => rows.length < one.rows[1]),
      button("remove_row", () => rows.slice(0, -1), () => rows.length > one.rows[0]));
  }
  if (one.columns[0] !== one.columns[1]) {
    buttons.append(
      button("add_column", () => rows.map((row) => [...row, one.look === "list" ? row[row.length - 1] : 0]), () => rows[0].length < one.columns[1]),
      button("remove_column", () => rows.map((row) => row.slice(0, -1)), () => rows[0].length > one.columns[0]));
  }
  const box = element("fieldset", { class: "control", "aria-describedby": described(one) },
    element("legend", { text: pick(one.label) }), table, buttons);
  const read = () => Array.from(table.children, (row) => Array.from(row.children, (cell) => cell.valueAsNumber));
  return {
    box,
    show(value) {
      rows = value;
      if (table.children.length !== value.length || table.firstChild?.children.length !== value[0]?.length) {
        table.replaceChildren(...value.map((row, i) => element("div", { class: "grid-row" }, ...row.map((_, j) => element("input", {
          type: "number", step: one.whole ? 1 : "any", min: one.low, max: one.high,
          "aria-label": `${pick(one.label)} ${i + 1}, ${j + 1}`, onchange: () => change(read()),
        })))));
      }
      value.forEach((row, i) => row.forEach((number, j) => {
        const cell = table.children[i].children[j];
        if (document.activeElement !== cell) cell.value = number;
      }));
    },
  };
}
const GRID_SIGNS = { add_row: "+ ↓", remove_row: "− ↓", add_column: "+ →", remove_column: "− →" };

// Points are placed in the picture, or read from a CSV file, which stays in the browser until its numbers are checked.
function pointRows(one, change) {
  const count = element("output", { text: "0" });
  const message = element("p", { class: "help", role: "alert" });
  const file = element("input", {
    type: "file", accept: ".csv,.txt,text/csv,text/plain", "aria-label": word("open_csv"),
    onchange: async () => {
      const text = file.files.length ? (await file.files[0].slice(0, 200000).text()) : "";
      const rows = text.split(/\r?\n/).map((line) => line.split(/[,;\t]/).map(Number))
        .filter((row) => row.length >= one.columns[0] && row.every(Number.isFinite))
        .map((row) => row.slice(0, one.columns[1])).slice(0, one.rows[1]);
      message.textContent = rows.length ? "" : word("bad_csv");
      if (rows.length) change(rows);
      file.value = "";
    },
  });
  const clear = element("button", { type: "button", text: word("clear"), onclick: () => change([]) });
  const box = element("fieldset", { class: "control", "aria-describedby": described(one) },
    element("legend", { text: pick(one.label) }), count,
    element("label", { class: "file" }, element("span", { text: word("open_csv") }), file), clear, message);
  return { box, show: (value) => { count.textContent = value.length; clear.disabled = !value.length; } };
}

// A picture of the reader's own: opened from a file or drawn; scaled to the declared size, and sent as bytes.
function pictureControl(one, change) {
  const [height, width, channels] = one.shape;
  const canvas = element("canvas", { class: "sketch", width, height, tabindex: "0", role: "img", "aria-label": word("draw_picture") });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const message = element("p", { class: "help", role: "alert" });
  const send = () => {
    const { data } = pen.getImageData(0, 0, width, height);
    let text = "";
    for (let i = 0; i < data.length; i += 4) {
      if (channels === 3) text += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
      else text += String.fromCharCode(Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]));
    }
    change(btoa(text).replaceAll("+", "-").replaceAll("/", "_"));
  };
  const blank = () => { pen.fillStyle = "#000"; pen.fillRect(0, 0, width, height); };
  blank();
  const file = element("input", {
    type: "file", accept: "image/*", "aria-label": word("open_picture"),
    onchange: async () => {
      if (!file.files.length) return;
      try {
        const picture = await createImageBitmap(file.files[0]);
        const scale = Math.max(width / picture.width, height / picture.height);
        blank();
        pen.imageSmoothingQuality = "high";
        pen.drawImage(picture, (width - picture.width * scale) / 2, (height - picture.height * scale) / 2,
          picture.width * scale, picture.height * scale);
        message.textContent = "";
        send();
      } catch {
        message.textContent = word("bad_picture");
      }
      file.value = "";
    },
  });
  let drawing = false;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    pen.strokeStyle = "#fff";
    pen.lineCap = "round";
    pen.lineWidth = Math.max(2, width / 12);
    pen.lineTo(...at(event));
    pen.stroke();
  });
  canvas.addEventListener("pointerup", () => { if (drawing) { drawing = false; send(); } });
  const clear = element("button", { type: "button", text: word("clear"), onclick: () => { blank(); change(""); } });
  const box = element("fieldset", { class: "control", "aria-describedby": described(one) },
    element("legend", { text: pick(one.label) }), canvas,
    element("label", { class: "file" }, element("span", { text: word("open_picture") }), file), clear, message);
  return { box, show() {} };
}
