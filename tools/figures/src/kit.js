// What every live figure is made of: a frame with presets and a reset, panels that follow the width
// of the page, labelled controls, points that mouse, touch and keyboard can drag, and one line of
// words that says what the figure shows.
//
// The state of a figure is the widget's model; a figure draws from it and never keeps state of its
// own, so that Python, a link to another widget, a slider and a drag all do the same thing.

import { clamp, h } from "./html.js";
import { Panel } from "./panel.js";
import style from "./style.css";
import { csv, num } from "./text.js";

const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
let count = 0;

export class Figure {
  /**
   * spec: {title, lead, keys, presets: [{label, state}], build(figure) → draw(state)};
   * draw returns {say, numbers}.
   */
  constructor({ model, el, signal }, spec, name) {
    Object.assign(this, { model, spec, name, id: `pk${++count}`, panels: [], refresh: [] });
    this.fine = true;
    this.opening = structuredClone(model.get("_opening"));
    this.state = {};
    this.read();

    this.body = h("div", { class: "pk-body" });
    this.sayNode = h("p", { class: "pk-say" });
    this.live = h("p", { class: "pk-hidden", role: "status", "aria-live": "polite" });
    this.root = h(
      "section",
      {
        class: "pk",
        "data-figure": name,
        "aria-label": `Live figure: ${spec.title}`,
        // Keys pressed here are meant for the figure, not for the notebook around it.
        "data-lm-suppress-shortcuts": "true",
      },
      h("style", {}, style),
      h("p", { class: "pk-lead" }, h("strong", {}, spec.title), " ", spec.lead),
      this.presetBar(),
      this.body,
      this.sayNode,
      this.live,
    );
    this.row();
    this.draw = spec.build(this);
    el.append(this.root);
    el.closest(".widget-subarea, .jp-OutputArea-output")?.classList.add("pk-host");

    for (const key of spec.keys) model.on(`change:${key}`, () => this.read() && this.schedule());
    this.observer = new ResizeObserver(() => this.measure() && this.schedule());
    for (const panel of this.panels) this.observer.observe(panel.box);
    // Some drawings take colours from the theme: they follow when it changes.
    this.themes = new MutationObserver(() => this.schedule());
    const attributeFilter = ["data-theme", "data-mode", "data-jp-theme-light", "theme", "class"];
    for (const node of [document.documentElement, document.body]) {
      this.themes.observe(node, { attributes: true, attributeFilter });
    }
    this.measure();
    this.paint();
    // For tests and the benchmark: what is shown, a repaint on demand, and when it was first drawn.
    Object.assign(this.root, { figure: this });
    performance.mark("passk-figure");
    signal?.addEventListener("abort", () => this.dispose());
  }

  dispose() {
    this.observer.disconnect();
    this.themes.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.rest);
    clearTimeout(this.saying);
    this.onDispose?.();
  }

  /** Take the model's state over; true if something changed. */
  read() {
    let changed = false;
    for (const key of this.spec.keys) {
      const value = this.model.get(key);
      if (same(value, this.state[key])) continue;
      this.state[key] = structuredClone(value);
      changed = true;
    }
    return changed;
  }

  /** Change the state: the figure repaints, the model (and Python, if there is one) is told. */
  set(patch) {
    let changed = false;
    for (const [key, value] of Object.entries(patch)) {
      if (same(value, this.state[key])) continue;
      this.state[key] = value;
      this.model.set(key, structuredClone(value));
      changed = true;
    }
    if (!changed) return;
    this.schedule();
    // The kernel is told at most ten times a second.
    this.saving ??= setTimeout(() => {
      this.saving = null;
      this.model.save_changes();
    }, 100);
  }

  /** Repaint before the next frame: coarsely while things move, finely once they rest. */
  schedule() {
    this.fine = false;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.fine = true;
      this.paint();
    }, 160);
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.body.clientWidth) return; // in a closed tab or a folded cell; drawn once it has a size
    const start = performance.now();
    const { say, numbers } = this.draw(this.state);
    for (const update of this.refresh) update(this.state);
    this.numbers = numbers;
    if (this.sayNode.textContent !== say) this.sayNode.textContent = say;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      if (this.live.textContent !== say) this.live.textContent = say;
    }, 700);
    this.cost = performance.now() - start;
  }

  /** The figure as it stands, as CSV: its settings, its numbers, and the points that it draws. */
  csv() {
    if (!this.fine) {
      this.fine = true;
      this.paint();
    }
    const named = (kind, values) => leaves(values).map(([name, value]) => ["", "", "", name, kind, "", "", value]);
    return csv([
      ["panel", "x_label", "y_label", "series", "kind", "x", "y", "value"],
      ...named("setting", this.state),
      ...named("number", this.numbers),
      ...this.panels.flatMap((panel) => panel.rows()),
    ]);
  }

  /** The value of one of the theme's colours, such as "--pk-bg". */
  color(name) {
    return getComputedStyle(this.root).getPropertyValue(name).trim();
  }

  /** Let every panel follow the width that it was given; true if one changed. */
  measure() {
    let changed = false;
    for (const panel of this.panels) changed = panel.fit() || changed;
    return changed;
  }

  presetBar() {
    const bar = h("div", { class: "pk-bar", role: "group", "aria-label": "Try this" });
    bar.append(h("span", { class: "pk-bar-name", "aria-hidden": "true" }, "Try"));
    for (const { label, state } of this.spec.presets) {
      bar.append(
        h(
          "button",
          {
            type: "button",
            "data-preset": label,
            onclick: () => {
              this.stop?.();
              this.set({ ...structuredClone(this.opening), ...structuredClone(state) });
            },
          },
          label,
        ),
      );
    }
    const reset = () => {
      this.stop?.();
      this.set(structuredClone(this.opening));
    };
    bar.append(h("button", { type: "button", class: "pk-reset", onclick: reset }, "Reset"));
    return bar;
  }

  /** From here on columns stand in a new row. */
  row() {
    this.columns = h("div", { class: "pk-columns" });
    this.body.append(this.columns);
  }

  /** A column of the row; its width is `grow` shares of what is there, at least `min` pixels. */
  column(grow = 1, min = 260) {
    const node = h("div", { class: "pk-column", style: `flex: ${grow} 1 ${min}px` });
    this.columns.append(node);
    return node;
  }

  /** A drawing. `height` is pixels or a function of the width. */
  panel(parent, options) {
    const panel = new Panel(this, parent, options);
    this.panels.push(panel);
    return panel;
  }

  /**
   * A labelled slider for the number `key`, or for what `get` and `set` say.
   * values: the numbers it runs through, or min, max and step.
   */
  slider(parent, { key, label, values, min, max, step, format = num, get, set, entry = false }) {
    get ??= (state) => state[key];
    set ??= (value) => ({ [key]: value });
    const id = `${this.id}-slider${++count}`;
    const nearest = (value) => {
      let best = 0;
      values.forEach((v, i) => {
        if (Math.abs(v - value) < Math.abs(values[best] - value)) best = i;
      });
      return best;
    };
    const range = h("input", {
      type: "range",
      id,
      "data-key": key,
      min: values ? 0 : min,
      max: values ? values.length - 1 : max,
      step: values ? 1 : step,
      oninput: () => {
        this.stop?.();
        this.set(set(values ? values[range.valueAsNumber] : range.valueAsNumber, this.state));
      },
    });
    const shown = entry
      ? h("input", {
          type: "number",
          class: "pk-entry",
          min: values[0],
          max: values.at(-1),
          step: 1,
          "aria-label": `${label}, exact value`,
          onchange: () => {
            const value = Math.round(clamp(shown.valueAsNumber, values[0], values.at(-1)));
            if (Number.isFinite(value)) this.set(set(value, this.state));
            shown.value = get(this.state);
          },
        })
      : h("output", { for: id });
    parent.append(
      h("div", { class: "pk-control" }, h("label", { for: id }, label), shown, range),
    );
    let last;
    this.refresh.push((state) => {
      const value = get(state);
      const position = String(values ? nearest(value) : value);
      if (!entry && value === last && range.value === position) return;
      last = value;
      if (range.value !== position) range.value = position;
      const text = format(value);
      range.setAttribute("aria-valuetext", text);
      if (!entry) shown.textContent = text;
      else if (shown !== document.activeElement || this.root.getRootNode().activeElement !== shown) {
        shown.value = value;
      }
      const share = values ? nearest(value) / (values.length - 1) : (value - min) / (max - min);
      range.style.setProperty("--pk-share", `${100 * clamp(share, 0, 1)}%`);
    });
    return range;
  }

  /** Exclusive choices for `key` as radio buttons: [[value, label], …]; a label may depend on the state. */
  choice(parent, { key, label, options }) {
    const name = `${this.id}-${key}`;
    const inputs = [];
    const set = h(
      "fieldset",
      { class: "pk-choice" },
      h("legend", {}, label),
      options.map(([value, text]) => {
        const input = h("input", {
          type: "radio",
          name,
          "data-key": key,
          value,
          onchange: () => this.set({ [key]: value }),
        });
        const words = h("span", {});
        inputs.push([input, value, words, text]);
        return h("label", {}, input, words);
      }),
    );
    parent.append(set);
    this.refresh.push((state) => {
      for (const [input, value, words, text] of inputs) {
        input.checked = state[key] === value;
        const now = typeof text === "function" ? text(state) : text;
        if (words.textContent !== now) words.textContent = now;
      }
    });
    return set;
  }

  /** The slider of `step`, from 0 to `last`, beside its play and pause. */
  steps(parent, last) {
    const row = h("div", { class: "pk-row" });
    parent.append(row);
    this.player(row, { key: "step", last: () => last });
    this.slider(row, { key: "step", label: "step", min: 0, max: last, step: 1, format: String });
  }

  /** A table of numbers: rows of [name, cells…]; it follows the figure. */
  table(parent, caption, head) {
    const body = h("tbody");
    parent.append(
      h(
        "table",
        { class: "pk-table" },
        h("caption", {}, caption),
        h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
        body,
      ),
    );
    return (rows) => {
      while (body.children.length < rows.length) body.append(h("tr"));
      while (body.children.length > rows.length) body.lastChild.remove();
      rows.forEach((cells, i) => {
        const row = body.children[i];
        cells.forEach((text, j) => {
          row.children[j] ?? row.append(h(j ? "td" : "th", j ? {} : { scope: "row" }));
          if (row.children[j].textContent !== text) row.children[j].textContent = text;
        });
      });
    };
  }

  /** Play and pause for the integer `key` from 0 to what `last` says. */
  player(parent, { key, last, seconds = 4 }) {
    let frame = null;
    const button = h("button", { type: "button", class: "pk-play", "data-play": key });
    const show = () => {
      button.textContent = frame ? "Pause" : "Play";
      button.setAttribute("aria-pressed", String(Boolean(frame)));
    };
    const stop = () => {
      if (!frame) return;
      cancelAnimationFrame(frame);
      frame = null;
      show();
    };
    button.addEventListener("click", () => {
      if (frame) return stop();
      const end = last(this.state);
      const from = this.state[key] >= end ? 0 : this.state[key];
      let begin = null;
      const tick = (now) => {
        begin ??= now;
        const value = Math.min(end, from + Math.floor(((now - begin) / 1000 / seconds) * end));
        frame = value < end ? requestAnimationFrame(tick) : null;
        this.set({ [key]: value });
        if (!frame) show();
      };
      frame = requestAnimationFrame(tick);
      show();
    });
    show();
    this.stop = stop;
    this.onDispose = stop;
    parent.append(button);
    return button;
  }
}

/** [name, value] of every number, word or gap within `value`; places in lists are counted from 0. */
function leaves(value, name = "") {
  if (value === null || typeof value !== "object") return [[name, value]];
  return Object.entries(value).flatMap(([key, part]) =>
    leaves(part, Array.isArray(value) ? `${name}[${key}]` : name ? `${name}.${key}` : key));
}

/** The whole numbers of a slider for k: each one at first, then in even steps of the logarithm. */
export const K_VALUES = (() => {
  const values = new Set();
  for (let i = 0; i <= 240; i++) values.add(Math.round(10 ** (i / 80)));
  return [...values];
})();

/** memo(name, inputs, make): what `make` gave for these inputs, made anew when they change. */
export function remember() {
  const kept = {};
  return (name, inputs, make) => {
    const mark = JSON.stringify(inputs);
    if (kept[name]?.mark !== mark) kept[name] = { mark, value: make() };
    return kept[name].value;
  };
}

export { clamp, h };
