// What every live figure is made of: a frame with presets and a reset, panels that follow the width
// of the page, labelled controls, points that mouse, touch and keyboard can drag, and one line of
// words that says what the figure shows.
//
// The state of a figure is the widget's model; a figure draws from it and never keeps state of its
// own, so that Python, a link to another widget, a slider and a drag all do the same thing.

import { axisBottom, axisLeft } from "d3-axis";
import { drag } from "d3-drag";
import { select } from "d3-selection";
import style from "./style.css";
import { num } from "./text.js";

const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
let count = 0;

/** An element with attributes and children. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

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
    this.refresh.push((state) => {
      const value = get(state);
      const position = String(values ? nearest(value) : value);
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
        const words = h("span", {}, typeof text === "string" ? text : "");
        inputs.push([input, value, words, text]);
        return h("label", {}, input, words);
      }),
    );
    parent.append(set);
    this.refresh.push((state) => {
      for (const [input, value, words, text] of inputs) {
        input.checked = state[key] === value;
        if (typeof text === "function") words.textContent = text(state);
      }
    });
    return set;
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

class Panel {
  constructor(figure, parent, { label, height, margin = {}, className = "" }) {
    Object.assign(this, { figure, height: 0, width: 0, wanted: height });
    this.margin = { top: 8, right: 8, bottom: 32, left: 40, ...margin };
    this.box = h("div", { class: `pk-panel ${className}` });
    parent.append(this.box);
    this.svg = select(this.box)
      .append("svg")
      .attr("role", "group")
      .attr("aria-label", label);
    this.clipId = `${figure.id}-clip${figure.panels.length}`;
    this.clipRect = this.svg.append("clipPath").attr("id", this.clipId).append("rect");
    this.g = this.svg.append("g");
    // Drawn things are told in words elsewhere; only handles speak for themselves.
    this.axes = this.g.append("g").attr("aria-hidden", "true");
    this.clipped = this.g.append("g").attr("aria-hidden", "true").attr("clip-path", `url(#${this.clipId})`);
    this.top = this.g.append("g").attr("aria-hidden", "true");
    this.handles = this.g.append("g");
  }

  /** Follow the width of the page. */
  fit() {
    const total = this.box.clientWidth;
    if (!total || total === this.total) return false;
    this.total = total;
    const { top, right, bottom, left } = this.margin;
    const high = typeof this.wanted === "function" ? this.wanted(total) : this.wanted;
    this.width = Math.max(10, total - left - right);
    this.height = high - top - bottom;
    this.svg.attr("width", total).attr("height", high);
    this.g.attr("transform", `translate(${left},${top})`);
    this.clipRect.attr("width", this.width).attr("height", this.height);
    return true;
  }

  /** Both axes with their names; `x` and `y` are scales in pixels of this panel. */
  drawAxes({ x, y, xName, yName, xTicks = 5, yTicks = 5, xFormat, yFormat, xValues, yValues, grid = true }) {
    const axis = (key, make, scale, ticks, format, values) => {
      let node = this.axes.select(`.pk-axis-${key}`);
      if (node.empty()) node = this.axes.append("g").attr("class", `pk-axis pk-axis-${key}`);
      const axis = make(scale).tickSizeOuter(0).tickPadding(5).ticks(ticks);
      axis.tickSizeInner(grid ? -(key === "x" ? this.height : this.width) : 4);
      if (format) axis.tickFormat(format);
      if (values) axis.tickValues(values);
      if (key === "x") node.attr("transform", `translate(0,${this.height})`);
      node.call(axis);
    };
    if (x) axis("x", axisBottom, x, xTicks, xFormat, xValues);
    if (y) axis("y", axisLeft, y, yTicks, yFormat, yValues);
    if (xName) {
      this.word("x-name", xName, this.width / 2, this.height + this.margin.bottom - 4, "middle");
    }
    if (yName) this.word("y-name", yName, -this.margin.left + 2, -this.margin.top + 11, "start");
  }

  /** One named text in the top layer: made once, then moved. */
  word(name, text, x, y, anchor = "start", className = "") {
    const node = this.one("text", `word-${name}`, this.top);
    node.attr("class", `pk-word pk-halo ${className}`).attr("text-anchor", anchor);
    node.attr("x", x).attr("y", y);
    if (node.text() !== text) node.text(text);
    return node;
  }

  /** One named element of a layer: made once, then found again. */
  one(tag, name, layer = this.clipped) {
    this.named ??= {};
    this.named[name] ??= layer.append(tag);
    return this.named[name];
  }

  /** A named path in the clipped layer. */
  path(name, d, className, layer = this.clipped) {
    return this.one("path", `path-${name}`, layer).attr("class", className).attr("d", d);
  }

  /** Arrow from (x0, y0) to (x1, y1) in pixels. */
  arrow(name, x0, y0, x1, y1, className, size = 9) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [u, v] = length ? [(x1 - x0) / length, (y1 - y0) / length] : [0, 0];
    const head = Math.min(size, length * 0.6);
    const [bx, by] = [x1 - u * head, y1 - v * head];
    this.path(`${name}-case`, length > 0.5 ? `M${x0},${y0}L${x1},${y1}` : "", "pk-case", this.top);
    this.path(`${name}-shaft`, length > 0.5 ? `M${x0},${y0}L${bx},${by}` : "", `pk-shaft ${className}`, this.top);
    this.path(
      `${name}-tip`,
      length > 0.5
        ? `M${x1},${y1}L${bx - v * head * 0.5},${by + u * head * 0.5}L${bx + v * head * 0.5},${by - u * head * 0.5}Z`
        : "",
      `pk-tip ${className}`,
      this.top,
    );
  }

  /**
   * A point to drag by mouse, finger or arrow keys (Shift: ten times finer).
   * at(state) → [x, y] in data units; move(x, y, state) → what to change; x and y: scales;
   * step: what one key press moves, a number or [across, up], or a function of the state.
   */
  handle({ name, label, at, move, x, y, step = 0.1, className = "", describe, range, radius = 7, axis }) {
    const { figure } = this;
    const node = this.handles
      .append("g")
      .attr("class", `pk-handle ${className}`)
      .attr("tabindex", 0)
      .attr("role", "slider")
      .attr("data-handle", name)
      .attr("aria-roledescription", axis ? "slider" : "point")
      .attr("aria-label", `${label}, move with the arrow keys`);
    node.append("circle").attr("class", "pk-touch").attr("r", 22);
    node.append("circle").attr("class", "pk-focus").attr("r", radius + 5);
    node.append("circle").attr("class", "pk-dot").attr("r", radius);
    node.call(
      drag()
        .container(() => this.g.node())
        .subject((event) => {
          const [px, py] = at(figure.state);
          return { x: x()(px), y: y()(py), from: [event.x, event.y] };
        })
        .on("start", () => node.node().focus({ preventScroll: true, focusVisible: false }))
        .on("drag", (event) => figure.set(move(x().invert(event.x), y().invert(event.y), figure.state))),
    );
    node.on("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      event.stopPropagation();
      const [px, py] = at(figure.state);
      const size = typeof step === "function" ? step(figure.state) : step;
      const [across, up] = [size].flat().length > 1 ? size : [size, size];
      const part = event.shiftKey ? 0.1 : 1;
      figure.set(move(px + dx * across * part, py + dy * up * part, figure.state));
    });
    figure.refresh.push((state) => {
      const [px, py] = at(state);
      node.attr("transform", `translate(${x()(px)},${y()(py)})`);
      const now = axis === "y" ? py : px;
      node.attr("aria-valuenow", +now.toPrecision(6)).attr("aria-valuetext", describe(state));
      const [low, high] = range ?? x().domain();
      node.attr("aria-valuemin", low).attr("aria-valuemax", high);
    });
    return node;
  }
}

/** The whole numbers of a slider for k: each one at first, then in even steps of the logarithm. */
export const K_VALUES = (() => {
  const values = new Set();
  for (let i = 0; i <= 240; i++) values.add(Math.round(10 ** (i / 80)));
  return [...values];
})();

export { clamp };
