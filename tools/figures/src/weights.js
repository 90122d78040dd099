// Pass@k and its weight over the success probability, and what the weight does to a distribution of
// difficulties that the reader shapes by dragging its bars.

import { drag } from "d3-drag";
import { scaleLinear, scaleLog } from "d3-scale";
import { passAtK } from "./formulas.js";
import { K_VALUES, clamp, h } from "./kit.js";
import { fixed, line, num, percent, short } from "./text.js";

const BINS = 20;
const CENTRES = Array.from({ length: BINS }, (_, i) => (i + 0.5) / BINS);
const OUT = new Float64Array(2);
const at = (p, k) => passAtK(p, k, OUT);
const hump = (centre, width) => (p) => Math.exp(-(((p - centre) / width) ** 2));

export default {
  title: "What pass@k pays attention to.",
  lead:
    "Move k and watch the weight that a prompt gets for its success probability p: the larger k, the more " +
    "only the hardest prompts count. Drag the bars to shape the difficulties yourself (or focus them and " +
    "use the arrow keys): the orange bars are the same prompts as pass@k sees them.",
  keys: ["k", "mass"],
  presets: [
    { label: "All difficulties alike", state: { mass: CENTRES.map(() => 1) } },
    { label: "Mostly easy, k = 100", state: { k: 100, mass: CENTRES.map(hump(0.9, 0.25)) } },
    { label: "k = 1: pass@1 itself", state: { k: 1 } },
  ],

  build(figure) {
    const left = figure.column(1, 250);
    const right = figure.column(1, 250);
    const controls = h("div", { class: "pk-controls" });
    left.append(controls);
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    const margin = { left: 40, right: 14, top: 24, bottom: 36 };
    const value = figure.panel(left, { label: "Pass@k over p", height: 190, margin });
    const weight = figure.panel(left, { label: "Weight over p", height: 190, margin });
    const bars = figure.panel(right, {
      label: "Distribution of difficulties",
      height: 360,
      margin: { left: 40, right: 8, top: 24, bottom: 36 },
    });
    const key = h("div", { class: "pk-key" });
    key.innerHTML =
      '<span><i class="pk-box pk-box-one"></i>prompts as they are, D</span>' +
      '<span><i class="pk-box pk-box-many pk-box-hollow"></i>as pass@k weighs them, D̃ₖ</span>';
    right.append(key);

    const x = scaleLinear([0, 1], [0, 1]);
    const y = scaleLinear([0, 0.3], [1, 0]);
    const grip = barHandles(figure, bars, x, y);

    return ({ k, mass }) => {
      const total = mass.reduce((a, b) => a + b);
      const share = mass.map((m) => m / total);
      const w = CENTRES.map((p) => at(p, k)[1]);
      const meanWeight = share.reduce((sum, m, i) => sum + m * w[i], 0);
      // From ratios to the largest weight, so that the shifted shares stand even if every w is tiny.
      const scaled = share.map((m, i) => m * Math.exp((k - 1) * (Math.log1p(-CENTRES[i]) - Math.log1p(-CENTRES[0]))));
      const all = scaled.reduce((a, b) => a + b);
      const shifted = scaled.map((m) => m / all);
      const J = (n) => share.reduce((sum, m, i) => sum + m * at(CENTRES[i], n)[0], 0);
      const [J1, Jk] = [J(1), J(k)];
      const meanShifted = shifted.reduce((sum, m, i) => sum + m * CENTRES[i], 0);

      drawCurves(value, weight, k);
      const top = Math.max(...share, ...shifted, 0.16) * 1.12;
      if (figure.fine || top > y.domain()[1]) y.domain([0, Math.min(1, top)]);
      x.range([0, bars.width]);
      y.range([bars.height, 0]);
      bars.drawAxes({ x, y, yTicks: 5, xName: "success probability p", yFormat: (v) => percent(v) });
      bars.word("title", "share of prompts", 0, -10, "start", "pk-bold");
      bars.bars("prompts", share, "pk-fill pk-one", [0.08, 0.5]);
      bars.bars("as pass@k weighs them", shifted, "pk-hollow pk-many", [0.5, 0.92]);
      grip(share);
      for (const [name, mean, text, color, level] of [
        ["one", J1, "mean of D", "pk-one", 8], ["many", meanShifted, "mean of D̃", "pk-many", 24],
      ]) {
        const u = x(mean);
        bars.path(`mean-${name}`, `M${u},0V${bars.height}`, `pk-line pk-thin ${color} ${name === "many" ? "pk-dash" : ""}`);
        bars.word(`mean-${name}`, `${text} ${num(mean)}`, u + (mean > 0.7 ? -5 : 5), level + 4, mean > 0.7 ? "end" : "start", `pk-small ${color}`);
      }

      const numbers = { J_1: J1, J_k: Jk, mean_weight: meanWeight, mean_shifted: meanShifted, shifted };
      const below = k === 1 ? null : 1 - k ** (-1 / (k - 1));
      const say =
        `pass@1 is ${num(J1, 3)} and pass@${k} is ${num(Jk, 3)}. ` +
        (k === 1
          ? "Every prompt weighs 1."
          : `A prompt that always fails weighs ${k}, one with p = 0.5 weighs ${short(at(0.5, k)[1])}; ` +
            `prompts with p below ${num(below, 3)} weigh more than under pass@1. ` +
            `The mean success probability falls from ${num(J1)} to ${num(meanShifted)} among the prompts as pass@${k} weighs them.`);
      return { say, numbers };
    };
  },
};

function drawCurves(value, weight, k) {
  const steps = 160;
  const ps = Array.from({ length: steps + 1 }, (_, i) => (i / steps) ** 2);
  const x = scaleLinear([0, 1], [0, value.width]);
  let y = scaleLinear([0, 1], [value.height, 0]);
  value.drawAxes({ x, y, yTicks: 3, xName: "success probability p" });
  value.word("title", "chance that one of k succeeds", 0, -10, "start", "pk-bold");
  value.curve("one", ps, ps, "pk-line pk-one", { called: "pass@1" });
  value.curve("many", ps, ps.map((p) => at(p, k)[0]), "pk-line pk-many", { called: `pass@${k}` });
  value.word("one-name", k === 1 ? "pass@1" : "pass@1", x(0.8), y(0.8) + 20, "middle", "pk-one");
  const p0 = k === 1 ? 0 : 1 - 0.35 ** (1 / k);
  value.word("many-name", k === 1 ? "" : `pass@${k}`, x(p0) + 8, y(0.62) + 4, "start", "pk-many");

  const low = 1e-4;
  y = scaleLog([low, Math.max(20, 1.6 * k)], [weight.height, 0]);
  const ticks = [1e-4, 1e-2, 1, 100].filter((v) => v <= 1.6 * Math.max(20, k));
  weight.drawAxes({
    x, y, yValues: ticks, yFormat: (v) => ({ 0.0001: "10⁻⁴", 0.01: "0.01", 1: "1", 100: "100" })[v],
    xName: "success probability p",
  });
  weight.word("title", "weight in the gradient", 0, -10, "start", "pk-bold");
  weight.curve("one", [0, 1], [1, 1], "pk-line pk-one", { called: "pass@1" });
  weight.curve("many", ps, ps.map((p) => at(p, k)[1]), "pk-line pk-many", { called: `pass@${k}` });
  weight.word("one-name", "pass@1", weight.width, y(1) - 6, "end", "pk-one");
  const cross = k === 1 ? NaN : 1 - k ** (-1 / (k - 1));
  weight.dot("weight 1", k === 1 ? 0 : cross, 1, k === 1 ? 0 : 4.5, "pk-dot", weight.top);
  weight.word("many-name", k === 1 ? "" : `pass@${k}, w = 1 at p = ${fixed(cross, 3)}`,
    k === 1 ? 0 : Math.min(x(cross) + 8, weight.width - 130), y(1) - 22, "start", "pk-many");
}

/** Bars that can be dragged; one of them at a time is in the tab order, left and right go on. */
function barHandles(figure, panel, x, y) {
  let active = Math.floor(BINS / 2);
  const nodes = CENTRES.map((p, i) => {
    const node = panel.handles.append("rect").attr("class", "pk-bar-handle").attr("role", "slider")
      .attr("aria-orientation", "vertical").attr("aria-valuemin", 0).attr("aria-valuemax", 95)
      .attr("data-handle", `bar-${i}`)
      .attr("aria-label", `Share of prompts with p from ${fixed(i / BINS, 2)} to ${fixed((i + 1) / BINS, 2)}`);
    node.call(drag().container(() => panel.g.node()).on("drag start", (event) => {
      choose(i);
      set(i, y.invert(event.y));
    }));
    node.on("keydown", (event) => {
      const state = figure.state;
      const total = state.mass.reduce((a, b) => a + b);
      const share = state.mass[i] / total;
      const step = event.shiftKey ? 0.001 : 0.01;
      if (event.key === "ArrowUp") set(i, share + step);
      else if (event.key === "ArrowDown") set(i, share - step);
      else if (event.key === "ArrowRight") choose(Math.min(BINS - 1, i + 1), true);
      else if (event.key === "ArrowLeft") choose(Math.max(0, i - 1), true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return node;
  });

  function choose(i, focus) {
    active = i;
    nodes.forEach((node, j) => node.attr("tabindex", j === active ? 0 : -1));
    if (focus) nodes[i].node().focus();
  }

  /** Give bar i this share of all prompts; the others keep their proportions. */
  function set(i, share) {
    const mass = [...figure.state.mass];
    const rest = mass.reduce((a, b) => a + b) - mass[i];
    if (!(rest > 0)) return;
    const wanted = clamp(share, 0, 0.95);
    mass[i] = +((wanted / (1 - wanted)) * rest).toPrecision(6);
    figure.set({ mass });
  }

  choose(active);
  return (share) => {
    const full = panel.width / BINS;
    nodes.forEach((node, i) => {
      node.attr("x", i * full).attr("width", full).attr("y", 0).attr("height", panel.height)
        .attr("aria-valuenow", +(100 * share[i]).toFixed(2)).attr("aria-valuetext", percent(share[i], 1));
    });
  };
}
