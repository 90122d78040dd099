// f(k), the sign of ⟨∇J_k, ∇J_1⟩, over k: the threshold k* of Prop. 4.5 and what really happens.

import { scaleLinear, scaleLog } from "d3-scale";
import { kStar, promptAt } from "./formulas.js";
import { K_VALUES, clamp, h, remember } from "./kit.js";
import { line, num, short } from "./text.js";
import { EXACT, Population } from "./toy.js";

const LAST = 1000;
const MOST = 8;
const OUT = new Float64Array(6);

/** Masses, success probabilities, agreement scores and squared gradient norms. */
function prompts(state, toy) {
  if (state.source === "toy") return toy();
  const total = state.prompts.reduce((sum, [mass]) => sum + mass, 0);
  const mass = state.prompts.map(([m]) => m / total);
  const gradient = state.prompts.reduce((sum, [, , g], i) => sum + mass[i] * g, 0);
  return {
    mass, gradient,
    p: state.prompts.map(([, p]) => p),
    a: state.prompts.map(([, , g]) => g * gradient),
    square: state.prompts.map(([, , g]) => g * g),
  };
}

function toyPrompts() {
  const population = new Population(0.2, 0.4, EXACT);
  const theta = [-2, -2];
  const { g1 } = population.at(theta, 1);
  const { size, mass, feature, label, half } = population;
  const r = { mass, half, p: new Float64Array(size), a: new Float64Array(size), square: new Float64Array(size) };
  for (let i = 0; i < size; i++) {
    promptAt(theta[0], theta[1], 1, feature[i], label[i], 1, OUT);
    r.p[i] = OUT[0];
    r.a[i] = OUT[1] * g1[0] + OUT[2] * g1[1];
    r.square[i] = OUT[1] ** 2 + OUT[2] ** 2;
  }
  return r;
}

/** Mean agreement under D̃_k for any real k >= 1. */
function shifted({ mass, p, a }, k) {
  let top = -Infinity;
  for (let i = 0; i < p.length; i++) if (mass[i] > 0) top = Math.max(top, Math.log1p(-p[i]));
  let [sum, total] = [0, 0];
  for (let i = 0; i < p.length; i++) {
    const w = mass[i] * Math.exp((k - 1) * (Math.log1p(-p[i]) - top));
    sum += w * a[i];
    total += w;
  }
  return sum / total;
}

/** Every run of whole k up to LAST with conflict: [first, last]. */
function runs({ mass, p, a }) {
  const logs = Array.from(p, (v) => Math.log1p(-v));
  const top = Math.max(...logs.filter((_, i) => mass[i] > 0));
  const ratio = logs.map((l) => Math.exp(l - top));
  const terms = Array.from(a, (v, i) => mass[i] * v);
  const found = [];
  for (let k = 2; k <= LAST; k++) {
    let f = 0;
    for (let i = 0; i < terms.length; i++) f += terms[i] *= ratio[i];
    if (f >= 0) continue;
    if (found.length && found.at(-1)[1] === k - 1) found.at(-1)[1] = k;
    else found.push([k, k]);
  }
  return found;
}

export default {
  title: "From which k on is there conflict?",
  lead:
    "Proposition 4.5 promises conflict beyond k*, if the strongly opposed prompts are harder than all others. " +
    "Drag the prompts to new success probabilities (across) and gradients (up and down). Look at how far k* lies " +
    "beyond the first conflict, and at what happens once a hypothesis fails.",
  keys: ["prompts", "margin", "k", "source"],
  presets: [
    { label: "It comes, goes, and comes back", state: { margin: 1, prompts: [[1, 0.01, -2], [2, 0.2, 20], [600, 0.5, -1], [200, 0.9, 10]] } },
    { label: "Conflict at k = 2 only", state: { margin: 1, k: 2, prompts: [[1, 0.1, 1], [1, 0.5, -3], [1, 0.9, 5]] } },
    { label: "The toy: k = 4 to 93", state: { source: "toy", k: 40 } },
  ],

  build(figure) {
    const left = figure.column(4, 240);
    const right = figure.column(6, 300);
    const margin = { left: 40, right: 18, top: 26, bottom: 36 };
    const plane = figure.panel(left, { label: "The prompts", height: 270, margin });
    const curve = figure.panel(right, { label: "Mean agreement over k", height: 270, margin: { ...margin, left: 46 } });
    figure.row();
    const below = figure.column(4, 240);
    const controls = h("div", { class: "pk-controls" });
    below.append(controls);
    figure.choice(controls, { key: "source", label: "Prompts", options: [["prompts", "to drag"], ["toy", "the toy at θ = (−2, −2)"]] });
    figure.slider(controls, { key: "margin", label: "margin m, of the strongest opposition", min: 0.05, max: 1, step: 0.05, format: (v) => num(v) });
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    const list = h("ul", { class: "pk-list" });
    figure.column(6, 300).append(h("p", { class: "pk-note" }, "Hypotheses of Proposition 4.5, and whether a conflict once begun must last:"), list);

    const x = scaleLinear([0, 1], [0, 1]);
    const y = scaleLinear([-4, 4], [1, 0]);
    const handles = Array.from({ length: MOST }, (_, i) =>
      plane.handle({
        name: `prompt-${i}`, label: `Prompt ${i + 1}`, className: "pk-ink pk-prompt", step: [0.02, 0.1],
        at: (s) => (s.prompts[i] ? s.prompts[i].slice(1) : [0, 0]),
        move: (p, g, s) => {
          const next = [s.prompts[i][0], +clamp(p, 0.001, 0.999).toFixed(4), +clamp(g, -50, 50).toFixed(3)];
          return { prompts: s.prompts.map((row, j) => (j === i ? next : row)) };
        },
        x: () => x, y: () => y, range: [0, 1],
        describe: (s) => (s.prompts[i] ? `p = ${num(s.prompts[i][1])}, gradient ${num(s.prompts[i][2], 1)}` : "absent"),
      }),
    );
    const signs = handles.map((node) => node.append("text").attr("class", "pk-sign").attr("text-anchor", "middle").attr("dy", "0.36em"));
    const memo = remember();
    const toy = () => memo("toy", [], toyPrompts);

    return (state) => {
      const field = prompts(state, toy);
      const { mass, p, a, square } = field;
      const present = Array.from(mass, (m) => m > 0);
      const strongest = Math.max(0, ...Array.from(a, (v, i) => (present[i] ? -v : 0)));
      const m = state.margin * strongest;
      let [q, epsilon, delta, bound, highest, lowest] = [0, 0, 1, 0, 0, 1];
      for (let i = 0; i < p.length; i++) {
        if (!present[i]) continue;
        if (m > 0 && a[i] <= -m) {
          q += mass[i];
          epsilon = Math.max(epsilon, p[i]);
        } else delta = Math.min(delta, p[i]);
        bound = Math.max(bound, square[i] / (p[i] * (1 - p[i])));
        if (a[i] < 0) highest = Math.max(highest, p[i]);
        if (a[i] > 0) lowest = Math.min(lowest, p[i]);
      }
      const holds = q > 0 && epsilon < delta && delta < 1;
      const paper = holds ? kStar(epsilon, delta, q, m, bound, OUT)[0] : null;
      const sharp = holds ? kStar(epsilon, delta, q, m, bound / 4, OUT)[0] : null;
      const intervals = memo("runs", [state.prompts, state.source], () => runs(field));
      const here = shifted(field, state.k);

      drawPrompts(plane, figure, state, field, x, y, handles, signs, m);
      drawCurve(curve, field, intervals, state.k, paper, sharp, here, memo, state);

      const items = [
        [q > 0, `strong opposition: the mass q of prompts with a ≤ −m is ${num(q, 3)}`],
        [q > 0 && epsilon < delta, q > 0
          ? `separation: the easiest of them has ε = ${num(epsilon, 3)}, the hardest of the others δ = ${num(delta, 3)}`
          : "separation: there is nothing to separate"],
        [highest <= lowest, highest <= lowest
          ? "single crossing: a is negative below some p and positive above, so conflict lasts"
          : "single crossing: a changes sign more than once over p, so conflict may end again"],
      ];
      while (list.children.length < items.length) list.append(h("li"));
      items.forEach(([ok, text], i) => {
        list.children[i].dataset.holds = String(ok);
        list.children[i].textContent = `${text}${ok ? "" : " (fails)"}.`;
      });
      const numbers = {
        intervals, k_star: paper, k_star_sharp: sharp, q, epsilon: q > 0 ? epsilon : null, delta, G_squared: bound,
        agreement_shifted: here,
      };
      const spans = intervals.map(([first, last]) =>
        last === LAST ? `from ${first} on (seen up to ${LAST})` : first === last ? `at ${first} only` : `from ${first} to ${last}`);
      const say =
        `Conflict for k: ${spans.join(", and ") || "none up to 1000"}. ` +
        (paper === null ? "A hypothesis fails, so Proposition 4.5 promises nothing. "
          : `Proposition 4.5 promises it beyond k* = ${num(paper, 1)} (${num(sharp, 1)} with the sharper constant). `) +
        `At k = ${state.k} the mean agreement as pass@${state.k} weighs the prompts is ${short(here)}: ` +
        `${here < 0 && state.k > 1 ? "conflict" : "no conflict"}.`;
      return { say, numbers };
    };
  },
};

function drawPrompts(panel, figure, state, field, x, y, handles, signs, m) {
  const own = state.source === "prompts";
  x.range([0, panel.width]);
  const values = own ? state.prompts.map(([, , g]) => g) : Array.from(field.a);
  const most = Math.max(...values.map(Math.abs), own ? 2 : 1e-9) * 1.25;
  if (figure.fine || most > y.domain()[1] || !own) y.domain([-most, most]);
  y.range([panel.height, 0]);
  panel.drawAxes({ x, y, xName: "success probability p", xTicks: 5, yTicks: 5, ...(own ? {} : { yFormat: (v) => (v ? short(v, 2) : "0") }) });
  panel.word("title", own ? "gradient of each prompt" : "agreement a of each prompt", 0, -10, "start", "pk-bold");
  panel.path("zero", `M0,${y(0)}H${panel.width}`, "pk-rule");
  for (const [side, color, from] of [["easy", "pk-easy", 0], ["hard", "pk-hard", 1]]) {
    if (own) {
      panel.curve(side, [], [], "");
      panel.word(side, "", 0, 0);
      continue;
    }
    const range = Array.from({ length: field.half }, (_, i) => from * field.half + i).filter((i) => field.mass[i] > 1e-6);
    panel.curve(side, range.map((i) => field.p[i]), range.map((i) => field.a[i]),
      `pk-line ${color} ${side === "hard" ? "pk-dots" : ""}`);
    const far = range.reduce((best, i) => (Math.abs(field.a[i]) > Math.abs(field.a[best]) ? i : best), range[0]);
    panel.word(side, side, x(field.p[far]), y(field.a[far]) + (field.a[far] > 0 ? -8 : 18), "middle", color);
  }
  panel.note("prompts", "points", () => (own ? state.prompts : []).map(([mass, p, g]) => [p, g, mass]));
  handles.forEach((node, i) => {
    const row = own ? state.prompts[i] : null;
    node.attr("display", row ? null : "none").attr("tabindex", row ? 0 : -1);
    if (!row) return;
    const opposed = field.a[i] < 0;
    const r = 8 + 14 * Math.sqrt(field.mass[i]);
    node.select(".pk-dot").attr("r", r);
    node.select(".pk-focus").attr("r", r + 4);
    node.classed("pk-opposed", opposed).classed("pk-strong", m > 0 && field.a[i] <= -m);
    signs[i].text(opposed ? "−" : field.a[i] > 0 ? "+" : "0");
  });
}

function drawCurve(panel, field, intervals, k, paper, sharp, here, memo, state) {
  const x = scaleLog([1, LAST], [0, panel.width]);
  const ks = Array.from({ length: 181 }, (_, i) => 10 ** (i / 60));
  const values = memo("curve", [state.prompts, state.source], () => ks.map((v) => shifted(field, v)));
  const most = Math.max(...values.map(Math.abs), 1e-12) * 1.12;
  const y = scaleLinear([Math.min(-0.25 * most, ...values.map((v) => 1.12 * v)), Math.max(0.25 * most, ...values.map((v) => 1.12 * v))], [panel.height, 0]);
  panel.drawAxes({ x, y, xName: "k", xValues: [1, 10, 100, 1000], xFormat: String, yTicks: 5, yFormat: (v) => (v ? short(v, 2) : "0") });
  panel.word("title", "mean agreement as pass@k weighs the prompts", -20, -10, "start", "pk-bold");
  const region = intervals.map(([a, b]) => {
    const [u, v] = [x(Math.max(1.5, a - 0.5)), x(Math.min(LAST, b + 0.5))];
    return `M${u},0H${v}V${panel.height}H${u}Z`;
  }).join("");
  panel.region(region, 0.5);
  panel.note("region", "area", () => intervals.flatMap(([a, b]) => [[a, 0], [b, 0]]), "conflict, from k to k");
  panel.path("zero", `M0,${y(0)}H${panel.width}`, "pk-line pk-thin pk-ink");
  panel.curve("mean agreement", ks, values, "pk-line pk-many");
  const ends = intervals.flatMap(([a, b]) => (b < LAST && b > a ? [a, b] : [a]));
  panel.one("g", "ends", panel.top).selectAll("text").data(ends).join("text").attr("class", "pk-word pk-halo pk-small")
    .attr("text-anchor", "middle").attr("x", (v) => x(v)).attr("y", y(0) - 6).text(String);
  for (const [name, value, label, low] of [["paper", paper, "k*", 12], ["sharp", sharp, "k*, sharper", 28]]) {
    const on = value !== null && value <= LAST;
    panel.path(name, on ? `M${x(Math.max(1, value))},0V${panel.height}` : "", `pk-line pk-thin pk-ink ${name === "sharp" ? "pk-dots" : "pk-dash"}`, panel.top);
    const at = on ? x(Math.max(1, value)) : 0;
    const before = at > panel.width - 90 || (name === "sharp" && at > 110);
    panel.word(name, on ? `${label} = ${num(value, 1)}` : "", at + (before ? -5 : 5), low, before ? "end" : "start", "pk-small");
  }
  panel.dot("now", k, here, 6, "pk-dot pk-ink", panel.top);
}
