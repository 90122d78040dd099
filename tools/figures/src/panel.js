// One drawing of a figure: axes, curves, bars, regions and words in layers, and points to drag.
//
// What is already drawn as it should be is left alone: whatever is set anew, the browser lays out
// anew, and that takes longer than all else in a repaint. What is drawn in the coordinates of the
// axes is remembered with its numbers, for the table that readers can save.

import { axisBottom, axisLeft } from "d3-axis";
import { drag } from "d3-drag";
import { select } from "d3-selection";
import { clamp, h } from "./html.js";
import { line } from "./text.js";

/** Give the one element of a selection these attributes, where they differ from what it has. */
function put(selection, attributes) {
  const node = selection.node();
  for (const name in attributes) {
    const value = String(attributes[name]);
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  return selection;
}

export class Panel {
  constructor(figure, parent, { label, height, margin = {}, className = "" }) {
    Object.assign(this, { figure, label, height: 0, width: 0, wanted: height, named: {}, series: new Map() });
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

  /**
   * Both axes with their names; `x` and `y` are scales in pixels of this panel. A format depends on
   * the number and on the ends of its axis alone.
   */
  drawAxes({ x, y, xName, yName, xTicks = 5, yTicks = 5, xFormat, yFormat, xValues, yValues, grid = true }) {
    Object.assign(this, { x, y, xName, yName });
    this.axis("x", axisBottom, x, grid && this.height, xTicks, xFormat, xValues);
    this.axis("y", axisLeft, y, grid && this.width, yTicks, yFormat, yValues);
    if (xName) this.word("x-name", xName, this.width / 2, this.height + this.margin.bottom - 4, "middle");
    if (yName) this.word("y-name", yName, -this.margin.left + 2, -this.margin.top + 11, "start");
  }

  axis(key, make, scale, grid, ticks, format, values) {
    const node = this.one("g", `axis-${key}`, this.axes);
    const drawn = [scale.domain(), scale.range(), scale.constant?.(), grid, this.height, ticks, values].join("|");
    if (node.property("drawn") === drawn) return;
    const axis = make(scale).tickSizeOuter(0).tickPadding(5).ticks(ticks).tickSizeInner(grid ? -grid : 4);
    if (format) axis.tickFormat(format);
    if (values) axis.tickValues(values);
    node.property("drawn", drawn).attr("class", `pk-axis pk-axis-${key}`);
    if (key === "x") node.attr("transform", `translate(0,${this.height})`);
    node.call(axis);
  }

  /** One named text in the top layer: made once, then moved. */
  word(name, text, x, y, anchor = "start", className = "") {
    const node = this.one("text", `word-${name}`, this.top);
    put(node, { class: `pk-word pk-halo ${className}`, "text-anchor": anchor, x, y });
    if (node.text() !== text) node.text(text);
    return node;
  }

  /** One named element of a layer: made once, then found again. */
  one(tag, name, layer = this.clipped) {
    this.named[name] ??= layer.append(tag);
    return this.named[name];
  }

  /** A named path in the clipped layer. */
  path(name, d, className, layer = this.clipped) {
    return put(this.one("path", `path-${name}`, layer), { class: className, d });
  }

  /**
   * Remember what is drawn, for `rows`: points() gives its [x, y, value], a value where it has one.
   * called: what readers call it.
   */
  note(name, kind, points, called = name) {
    this.series.set(name, { kind, points, called });
  }

  /** Forget what was drawn under names that begin so. */
  forget(start) {
    for (const name of this.series.keys()) if (name.startsWith(start)) this.series.delete(name);
  }

  /** A curve through the points (xs[i], ys[i]) of the axes, `count` of them; called: its name for readers. */
  curve(name, xs, ys, className, { count = xs.length, called } = {}) {
    const [us, vs] = [new Float64Array(count), new Float64Array(count)];
    for (let i = 0; i < count; i++) {
      us[i] = this.x(xs[i]);
      const v = this.y(ys[i]);
      // Far outside a curve need not be drawn true. On a logarithmic axis 0 has no place: below all.
      vs[i] = Number.isNaN(v) ? 2 * this.height : clamp(v, -this.height, 2 * this.height);
    }
    this.note(name, "line", () => Array.from(us, (_, i) => [xs[i], ys[i]]), called);
    return this.path(name, line(us, vs), className);
  }

  /** A dot at the point (x, y) of the axes, with a radius in pixels. */
  dot(name, x, y, radius, className, layer = this.clipped) {
    this.note(name, "points", () => [[x, y]]);
    return put(this.one("circle", `dot-${name}`, layer), { class: className, r: radius, cx: this.x(x), cy: this.y(y) });
  }

  /**
   * Bars of these heights side by side over the whole axis; each takes the part from `from` to
   * `to` of its place. rise(value): where on the axis it ends.
   */
  bars(name, values, className, [from, to] = [0, 1], rise = (value) => value) {
    const full = this.width / values.length;
    const middle = (i) => this.x.invert((i + 0.5) * full);
    this.note(name, "bar", () => Array.from(values, (v, i) => [middle(i), v, middle(1) - middle(0)]));
    const layer = this.one("g", `bars-${name}`);
    layer.selectAll("rect").data(values).join("rect").each((value, i, nodes) => {
      const top = this.y(rise(value));
      put(select(nodes[i]), {
        class: className, x: (i + from) * full, width: (to - from) * full, y: top, height: Math.max(0, this.height - top),
      });
    });
  }

  /** A hatched region with the outline `d`. */
  region(d, opacity = 0.4) {
    const id = `${this.clipId}-hatch`;
    this.hatching ??= hatching(this.svg, id);
    this.path("region", d, "pk-conflict");
    put(this.path("hatch", d, ""), { fill: `url(#${id})`, opacity });
  }

  /** Arrow from (x0, y0) to (x1, y1) in pixels; called: its name for readers. */
  arrow(name, x0, y0, x1, y1, className, size = 9, called = name) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [u, v] = length ? [(x1 - x0) / length, (y1 - y0) / length] : [0, 0];
    const head = Math.min(size, length * 0.6);
    const [bx, by] = [x1 - u * head, y1 - v * head];
    this.note(name, "arrow", () => [[x0, y0], [x1, y1]].map(([u, v]) => [this.x.invert(u), this.y.invert(v)]), called);
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
      const now = axis === "y" ? py : px;
      const [low, high] = range ?? x().domain();
      put(node, {
        transform: `translate(${x()(px)},${y()(py)})`, "aria-valuenow": +now.toPrecision(6),
        "aria-valuetext": describe(state), "aria-valuemin": low, "aria-valuemax": high,
      });
    });
    return node;
  }

  /** What the panel shows, one row a point: [panel, x label, y label, series, kind, x, y, value]. */
  rows() {
    const title = this.named["word-title"]?.text() || this.label;
    const found = [];
    for (const { kind, points, called } of this.series.values()) {
      for (const [x, y, value] of points()) found.push([title, this.xName, this.yName, called, kind, x, y, value]);
    }
    return found;
  }
}

function hatching(svg, id) {
  const pattern = svg.append("defs").append("pattern").attr("id", id).attr("width", 7).attr("height", 7)
    .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("line").attr("class", "pk-hatch").attr("x1", 0).attr("x2", 0).attr("y1", 0).attr("y2", 7);
  return pattern;
}
