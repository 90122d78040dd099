// The similarity kernel of a sample of prompts, easy ones first (Figure 2). Any pair can be read.

import { promptAt } from "./formulas.js";
import { clamp, h } from "./kit.js";
import { fixed, num, percent, short } from "./text.js";

const OUT = new Float64Array(6);

export default {
  title: "Who helps whom.",
  lead:
    "Each cell is a pair of prompts: red where a step for one also helps the other, blue where it hurts it. " +
    "Point at a cell, or focus the frame and use the arrow keys. Look for the blue blocks where easy meets " +
    "hard, and for the pairs that break the pattern: two prompts on opposite sides of s = 0.",
  keys: ["theta", "delta", "p_hard", "kind", "order", "pair"],
  presets: [
    { label: "Far apart: δ = 3", state: { delta: 3 } },
    { label: "The kernel itself, not its cosine", state: { kind: "kernel" } },
    { label: "In the order of the sample", state: { order: "sample" } },
  ],

  build(figure) {
    const left = figure.column(6, 300);
    const right = figure.column(5, 230);
    const map = figure.panel(left, {
      label: "Kernel of all pairs of prompts",
      height: (width) => width - 32 + 38,
      margin: { left: 26, right: 6, top: 8, bottom: 30 },
      className: "pk-square",
    });
    const canvas = h("canvas", { "aria-hidden": "true" });
    map.box.prepend(canvas);
    const scale = h("div", { class: "pk-key" });
    left.append(scale);

    const controls = h("div", { class: "pk-controls" });
    right.append(controls);
    figure.choice(controls, { key: "kind", label: "Show", options: [["cosine", "cosine"], ["kernel", "kernel κ"]] });
    figure.choice(controls, { key: "order", label: "Order", options: [["feature", "by label, then s"], ["sample", "as sampled"]] });
    figure.slider(controls, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    figure.slider(controls, { key: "p_hard", label: "share of hard prompts", min: 0.05, max: 0.95, step: 0.01 });
    for (const i of [0, 1]) {
      figure.slider(controls, {
        label: `θ${"₁₂"[i]}`, min: -5, max: 5, step: 0.1, get: (s) => s.theta[i],
        set: (value, s) => ({ theta: s.theta.map((t, j) => (j === i ? value : t)) }),
      });
    }
    const facts = figure.table(right, "Pairs that interfere negatively", ["among", "share"]);

    const uniforms = figure.model.get("_uniforms");
    const normals = figure.model.get("_normals");
    const size = uniforms.length;
    let shown = [];

    const frame = map.handles.append("rect").attr("class", "pk-cell").attr("tabindex", 0).attr("role", "slider")
      .attr("data-handle", "pair").attr("aria-roledescription", "pair of prompts")
      .attr("aria-label", "Pair of prompts, move with the arrow keys").attr("aria-valuemin", 0).attr("aria-valuemax", size * size - 1);
    const cell = (event) => {
      const box = map.svg.node().getBoundingClientRect();
      const u = (event.clientX - box.left - map.margin.left) / map.width;
      const v = (event.clientY - box.top - map.margin.top) / map.height;
      if (u < 0 || v < 0 || u >= 1 || v >= 1) return null;
      return [Math.floor(v * size), Math.floor(u * size)];
    };
    const choose = (event) => {
      const at = cell(event);
      if (at) figure.set({ pair: at.map((i) => shown[i]) });
    };
    map.svg.on("pointermove pointerdown", choose);
    frame.on("keydown", (event) => {
      const step = event.shiftKey ? 10 : 1;
      const by = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const at = figure.state.pair.map((i, j) => clamp(shown.indexOf(i) + by[j], 0, size - 1));
      figure.set({ pair: at.map((i) => shown[i]) });
    });

    return (state) => {
      const { theta, delta, p_hard: pHard, kind, order, pair } = state;
      const prompts = uniforms.map((u, i) => {
        const hard = u < pHard;
        const s = normals[i] + (hard ? delta / 2 : -delta / 2);
        promptAt(theta[0], theta[1], 1, s, hard ? 1 : -1, 1, OUT);
        return { i, hard, s, p: OUT[0], g: [OUT[1], OUT[2]], norm: Math.hypot(OUT[1], OUT[2]) };
      });
      const row = [...prompts];
      row.sort((a, b) => (order === "feature" && a.s - b.s) || a.i - b.i);
      row.sort((a, b) => a.hard - b.hard);
      shown = row.map((x) => x.i);
      const easy = row.filter((x) => !x.hard).length;

      // Values, and what they add up to.
      const values = new Float64Array(size * size);
      const count = { same: [0, 0], different: [0, 0] };
      let [largest, total] = [0, 0];
      for (let a = 0, at = 0; a < size; a++) {
        for (let b = 0; b < size; b++, at++) {
          const [x, y] = [row[a], row[b]];
          const kappa = x.g[0] * y.g[0] + x.g[1] * y.g[1];
          total += kappa;
          const length = x.norm * y.norm;
          values[at] = kind === "kernel" ? kappa : length ? kappa / length : 0;
          largest = Math.max(largest, Math.abs(values[at]));
          if (a !== b) {
            const tally = count[x.hard === y.hard ? "same" : "different"];
            tally[0] += kappa < 0;
            tally[1]++;
          }
        }
      }
      // In the table of what is drawn a cell is named by the places of its two prompts, from 1.
      map.note("pairs", "cell", () => Array.from(values, (v, at) => [1 + (at % size), 1 + Math.floor(at / size), v]), kind);
      const top = kind === "kernel" ? largest || 1 : 1;
      paint(figure, canvas, values, size, top);
      Object.assign(canvas.style, {
        left: `${map.margin.left}px`, top: `${map.margin.top}px`, width: `${map.width}px`, height: `${map.height}px`,
      });

      const one = map.width / size;
      map.path("border", `M0,0H${map.width}V${map.height}H0Z`, "pk-rule", map.top);
      const split = easy * one;
      map.path("split", `M${split},0V${map.height}M0,${split}H${map.width}`, "pk-line pk-thin pk-ink", map.top);
      for (const [name, from, to, color] of [["easy", 0, easy, "pk-easy"], ["hard", easy, size, "pk-hard"]]) {
        const middle = ((from + to) / 2) * one;
        const text = to > from ? `${name} (${to - from})` : "";
        map.word(`${name}-x`, text, middle, map.height + 18, "middle", color);
        map.word(`${name}-y`, text, 0, 0, "middle", color).attr("transform", `translate(-10,${middle}) rotate(-90)`);
      }

      const [a, b] = pair.map((i) => shown.indexOf(i));
      const wide = Math.max(one, 7);
      frame.attr("x", (b + 0.5) * one - wide / 2).attr("y", (a + 0.5) * one - wide / 2).attr("width", wide).attr("height", wide);
      map.path("cross", `M0,${(a + 0.5) * one}H${map.width}M${(b + 0.5) * one},0V${map.height}`, "pk-crosshair", map.top);
      const [x, y] = [row[a], row[b]];
      const kappa = x.g[0] * y.g[0] + x.g[1] * y.g[1];
      const cosine = x.norm * y.norm ? kappa / (x.norm * y.norm) : NaN;
      scale.innerHTML = `<span>hurts ${fixed(-top, kind === "kernel" ? 3 : 0)}</span><span class="pk-ramp"></span><span>${fixed(top, kind === "kernel" ? 3 : 0)} helps</span>`;
      const share = ([n, of]) => (of ? n / of : NaN);
      const shares = { same: share(count.same), different: share(count.different) };
      const all = (count.same[0] + count.different[0]) / (count.same[1] + count.different[1]);
      facts([
        ["easy with hard", percent(shares.different, 1)],
        ["two of one label", percent(shares.same, 1)],
        ["all pairs", percent(all, 1)],
      ]);
      const name = (q) => `${q.hard ? "hard" : "easy"}, s = ${num(q.s)}, p = ${num(q.p)}`;
      const words = kappa < 0 ? "negative interference: a step for one hurts the other"
        : kappa > 0 ? "positive interference: a step for one helps the other" : "no interference";
      const text = a === b ? "One prompt with itself" : `One prompt is ${name(x)}; the other is ${name(y)}`;
      frame.attr("aria-valuenow", a * size + b).attr("aria-valuetext", `${text}. κ = ${short(kappa)}`);
      const numbers = {
        negative_same: shares.same, negative_different: shares.different, negative: all,
        mean_kernel: total / (size * size), kappa, cosine,
      };
      const say =
        `${text}. κ = ${short(kappa)}, cosine ${num(cosine)}: ${a === b ? "always at least 0" : words}. ` +
        `Of the pairs of an easy and a hard prompt ${percent(shares.different)} interfere negatively, of those of one label ${percent(shares.same)}.`;
      return { say, numbers };
    };
  },
};

const hex = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

function paint(figure, canvas, values, size, top) {
  const [low, middle, high] = ["--pk-hurts", "--pk-mid", "--pk-helps"].map((name) => hex(figure.color(name)));
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  for (let i = 0; i < values.length; i++) {
    const t = Math.max(-1, Math.min(1, values[i] / top));
    const end = t < 0 ? low : high;
    const part = Math.abs(t);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = middle[c] + (end[c] - middle[c]) * part;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
