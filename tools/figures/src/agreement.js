// Agreement scores of the toy's population, at the start and along an ascent of pass@k (Figure 4).

import { scaleLinear } from "d3-scale";
import { promptAt } from "./formulas.js";
import { K_VALUES, h, remember } from "./kit.js";
import { num, percent, scientific, short } from "./text.js";
import { EXACT, Population, QUICK, dot } from "./toy.js";

const STEPS = 100;
const BINS = 64;
const OUT = new Float64Array(6);

/** Agreement of every node, the means under D and D̃_k, and the mass with a < 0 under both. */
function scores(population, theta, k) {
  const { g1 } = population.at(theta, k);
  const { size, feature, label, mass } = population;
  const [a, logs] = [new Float64Array(size), new Float64Array(size)];
  let top = -Infinity;
  for (let i = 0; i < size; i++) {
    promptAt(theta[0], theta[1], 1, feature[i], label[i], k, OUT);
    a[i] = OUT[1] * g1[0] + OUT[2] * g1[1];
    logs[i] = (k - 1) * OUT[5];
    if (mass[i] > 0 && logs[i] > top) top = logs[i];
  }
  // D̃_k from ratios to the largest weight, so that it stands even where all weights are tiny.
  const shifted = logs.map((l, i) => mass[i] * Math.exp(l - top));
  const total = shifted.reduce((x, y) => x + y);
  const r = { a, mass, shifted: shifted.map((m) => m / total), mean: 0, meanShifted: 0, negative: 0, negativeShifted: 0 };
  for (let i = 0; i < size; i++) {
    r.mean += mass[i] * a[i];
    r.meanShifted += r.shifted[i] * a[i];
    if (a[i] < 0) {
      r.negative += mass[i];
      r.negativeShifted += r.shifted[i];
    }
  }
  r.norm = dot(g1, g1);
  return r;
}

/** Mass per bin: each piece between two nodes of a label is spread evenly over its scores. */
function histogram({ a }, mass, half, low, high) {
  const bins = new Float64Array(BINS);
  const wide = (high - low) / BINS;
  for (let i = 0; i < a.length - 1; i++) {
    if (i === half - 1) continue; // from the last easy node to the first hard one
    const m = (mass[i] + mass[i + 1]) / 2;
    const [from, to] = a[i] < a[i + 1] ? [a[i], a[i + 1]] : [a[i + 1], a[i]];
    const first = Math.max(0, Math.min(BINS - 1, Math.floor((from - low) / wide)));
    const last = Math.max(0, Math.min(BINS - 1, Math.floor((to - low) / wide)));
    if (first === last || to === from) {
      bins[first] += m;
      continue;
    }
    for (let b = first; b <= last; b++) {
      const inside = Math.min(to, low + (b + 1) * wide) - Math.max(from, low + b * wide);
      bins[b] += (m * Math.max(0, inside)) / (to - from);
    }
  }
  return bins;
}

export default {
  title: "Which prompts are pulled against the average.",
  lead:
    "Left of zero lie the prompts whose own gradient opposes that of pass@1. The outline shows the same " +
    "prompts as pass@k weighs them: where its mean is negative, the gradients conflict. Play the ascent of " +
    "pass@k and look at what happens to the left side.",
  keys: ["theta", "k", "delta", "p_hard", "eta", "step"],
  presets: [
    { label: "k = 2: no conflict", state: { k: 2 } },
    { label: "k = 400: the hardest agree", state: { k: 400 } },
    { label: "Easy and hard far apart", state: { delta: 2 } },
  ],

  build(figure) {
    const left = figure.column(6, 300);
    const right = figure.column(4, 220);
    const margin = { left: 44, right: 10, top: 40, bottom: 24 };
    const panels = ["at the start", "along the ascent"].map((label, i) =>
      figure.panel(left, { label: `Agreement scores ${label}`, height: i ? 206 : 190, margin: i ? { ...margin, bottom: 38 } : margin }),
    );
    const controls = h("div", { class: "pk-controls" });
    right.append(controls);
    figure.steps(controls, STEPS);
    figure.slider(controls, { key: "eta", label: "step size η", min: 0.1, max: 5, step: 0.1, format: (v) => num(v, 1) });
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    figure.slider(controls, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    figure.slider(controls, { key: "p_hard", label: "share of hard prompts", min: 0.05, max: 0.95, step: 0.01 });
    for (const i of [0, 1]) {
      figure.slider(controls, {
        label: `θ${"₁₂"[i]}`, min: -5, max: 5, step: 0.1, get: (s) => s.theta[i],
        set: (value, s) => ({ theta: s.theta.map((t, j) => (j === i ? value : t)) }),
      });
    }
    const key = h("div", { class: "pk-key" });
    key.innerHTML =
      '<span><i class="pk-box pk-box-one"></i>prompts as they are, D</span>' +
      '<span><i class="pk-box pk-box-many pk-box-hollow"></i>as pass@k weighs them, D̃ₖ</span>' +
      '<span><i class="pk-swatch pk-swatch-conflict"></i>pulled against the average, a &lt; 0</span>' +
      "<span>Heights: share of prompts per bar, on a root scale</span>";
    controls.append(key);
    const memo = remember();

    return (state) => {
      const { theta, k, delta, p_hard: pHard, eta, step } = state;
      const setting = [theta, k, delta, pHard, eta];
      const exact = memo("exact", [delta, pHard], () => new Population(delta, pHard, EXACT));
      const quick = memo("quick", [delta, pHard], () => new Population(delta, pHard, QUICK));
      const path = memo("path", [setting, figure.fine], () =>
        (figure.fine ? exact : quick).ascend(theta, k, eta, STEPS, "pass@k"));
      const before = memo("before", setting, () => scores(exact, theta, k));
      const after = scores(exact, path[step].theta, k);
      const [low, high] = [0, 1].map((end) => {
        const pick = end ? Math.max : Math.min;
        return pick(...[before, after].map(({ a, mass }) => a.reduce((m, v, i) => (mass[i] > 1e-5 ? pick(m, v) : m), 0)));
      });
      const room = 0.04 * (high - low || 1e-9);
      const titles = [`at the start`, `after ${step} steps of pass@${k} ascent`];
      [before, after].forEach((data, i) =>
        drawScores(panels[i], data, exact.half, low - room, high + room, titles[i], i === 1));

      const numbers = {
        mean: before.mean, mean_shifted: before.meanShifted, negative: before.negative,
        negative_shifted: before.negativeShifted, mean_after: after.mean, mean_shifted_after: after.meanShifted,
        negative_after: after.negative, negative_shifted_after: after.negativeShifted,
      };
      const verdict = (r) => (r.meanShifted < 0 && k > 1 ? "conflict" : "no conflict");
      const say =
        `At the start ${percent(before.negative)} of the prompts have a negative score; the mean score is ${short(before.mean)} ` +
        `among all prompts and ${short(before.meanShifted)} as pass@${k} weighs them: ${verdict(before)}. After ${step} steps ` +
        `${percent(after.negative)} are negative, and the means are ${short(after.mean)} and ${short(after.meanShifted)}: ${verdict(after)}.`;
      return { say, numbers };
    };
  },
};

function drawScores(panel, data, half, low, high, title, last) {
  const bins = histogram(data, data.mass, half, low, high);
  const outline = histogram(data, data.shifted, half, low, high);
  const x = scaleLinear([low, high], [0, panel.width]);
  const top = Math.max(...bins, ...outline);
  // Heights as roots: a few bins near zero hold most of the mass and would flatten the rest.
  const y = scaleLinear([0, Math.sqrt(top) * 1.05], [panel.height, 0]);
  const ticks = [0.01, 0.05, 0.2, 0.5].filter((v) => v < top);
  panel.drawAxes({
    x, y, xTicks: 5, yValues: ticks.map(Math.sqrt), yFormat: (v) => percent(v * v), xName: last ? "agreement score a(x)" : null,
    xFormat: (v) => (v === 0 ? "0" : Math.abs(high) < 0.002 ? scientific(v, 0) : short(v, 2)),
  });
  panel.word("title", title, 0, -27, "start", "pk-bold");
  const wide = panel.width / BINS;
  const zero = x(0);
  panel.region(zero > 0 ? `M0,0H${zero}V${panel.height}H0Z` : "", 0.45);
  panel.bars("prompts", bins, "pk-fill pk-one", [0, Math.max(0.1, 1 - 0.6 / wide)], Math.sqrt);
  let d = `M0,${panel.height}`;
  outline.forEach((v, i) => (d += `V${y(Math.sqrt(v)).toFixed(1)}H${((i + 1) * wide).toFixed(1)}`));
  panel.path("outline", `${d}V${panel.height}`, "pk-hollow pk-many");
  panel.note("outline", "bar", () => Array.from(outline, (v, i) => [x.invert((i + 0.5) * wide), v, (high - low) / BINS]), "as pass@k weighs them");
  panel.path("zero", `M${zero},0V${panel.height}`, "pk-line pk-thin pk-ink", panel.top);
  const means = [["one", data.mean, `mean ${short(data.mean, 2)}`, "pk-one"], ["many", data.meanShifted, `mean, D̃: ${short(data.meanShifted, 2)}`, "pk-many"]];
  const order = x(means[0][1]) < x(means[1][1]);
  means.forEach(([name, mean, text, color], i) => {
    const u = x(mean);
    panel.path(`mean-${name}`, `M${u},-6V${panel.height}`, `pk-line ${color} ${i ? "pk-dash" : ""}`, panel.top);
    const before = (i === 0) === order;
    const anchor = u < 80 ? "start" : u > panel.width - 90 ? "end" : before ? "end" : "start";
    panel.word(`mean-${name}`, text, u + (anchor === "end" ? -4 : 4), -9, anchor, `pk-small ${color}`);
  });
}
