// What an experiment on a language model recorded, for any k, filter and share of hard prompts:
// agreement, weights and contributions (Figure 6), weight against agreement (Figure 7), and the inner
// product of the two gradients over k. The arithmetic is that of passk_lib/widgets/experiment.py.

import { scaleLinear, scaleSymlog } from "d3-scale";
import { passAtK } from "./formulas.js";
import { h, remember } from "./kit.js";
import { line, num, percent, scientific, short, sub } from "./text.js";

const Z = 1.6448536269514722; // of a 90 % interval
const OUT = new Float64Array(2);
const SIZES = [0.75, 1, 1.2, 1.4];
const NAMES = { unbiased: "Unbiased estimate", "plug-in": "Plug-in estimate", exact: "Exact value" };

function array(text, Type) {
  const raw = atob(text);
  const bytes = Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  return Float64Array.from(new Type(bytes.buffer));
}

/** The sums that passk_lib/widgets/experiment_data.py packed. */
function unpack(data) {
  const { n, share, c, hard } = data;
  const size = c.length;
  const code = c.map((count, i) => (count > 0 ? 2 * count + hard[i] : -1));
  const kinds = [...new Set(code)].filter((kind) => kind >= 0).sort((a, b) => a - b);
  const groups = kinds.length;
  const [byRow, byColumn] = [array(data.row_scale, Float32Array), array(data.column_scale, Float32Array)];
  const rows = array(data.rows, Int16Array);
  for (let i = 0; i < rows.length; i++) rows[i] *= byRow[Math.floor(i / groups)] * byColumn[i % groups];
  const exact = data.exact && {
    success: array(data.exact.success, Float32Array),
    agreement: array(data.exact.agreement, Float32Array),
    table: array(data.exact.table, Float64Array),
  };
  return {
    n, share, c, hard, size, groups, rows, exact,
    group: code.map((kind) => kinds.indexOf(kind)),
    levels: kinds.map((kind) => kind >> 1),
    groupHard: kinds.map((kind) => kind & 1),
    gram: array(data.gram, Float32Array),
    own: array(data.own, Float32Array),
    diagonal: array(data.diagonal, Float32Array),
  };
}

/** k C(n - c, k - 1) / C(m, k - 1) with n - c of m failing: the chance that k - 1 of m all fail, times k. */
function allFail(failing, m, k) {
  let product = k;
  for (let i = 0; i < k - 1 && product > 0; i++) product *= Math.max(0, failing - i) / (m - i);
  return product;
}

const credit = (n, c, k) => allFail(n - c, n - 1, k);
const meanWeight = (n, c, k) => allFail(n - c, n, k);
const plugin = (n, c, k) => passAtK(c / n, k, OUT)[1];
const exactWeight = (p, k) => passAtK(p, k, OUT)[1];

/** What does not depend on k: who is kept, how much each counts, the agreement scores. */
function kept(sums, { estimator, q, filter, delta1, delta2 }) {
  const { n, size, groups, c, hard, share, rows, diagonal } = sums;
  const ratio = [(1 - q) / (1 - share), q / share];
  const filtered = filter === "filtered" && estimator !== "exact";
  const keep = (count) => !filtered || count / n > delta1 || (count > 0 && count / n < delta2);
  const chosen = [];
  let mass = 0;
  for (let i = 0; i < size; i++) {
    if (!keep(c[i])) continue;
    chosen.push(i);
    mass += ratio[hard[i]];
  }
  const total = filtered ? mass : size;
  const count = chosen.length;
  const ofGroup = sums.levels.map((level, g) => (keep(level) ? ratio[sums.groupHard[g]] : 0));
  const along = rowTimes(sums, ofGroup);
  let scores;
  if (estimator === "exact") {
    scores = c.map((_, i) => (1 - q) * sums.exact.agreement[2 * i] + q * sums.exact.agreement[2 * i + 1]);
  } else if (estimator === "plug-in") scores = c.map((_, i) => along[i] / total);
  else scores = c.map((_, i) => (((along[i] - ratio[hard[i]] * diagonal[i]) / total) * count) / (count - 1));
  return { ratio, filtered, chosen, total, count, ofGroup, along, scores, easy: count - chosen.filter((i) => hard[i]).length };
}

/** Σ_g rows[i][g] v[g] for every prompt i. */
function rowTimes({ size, groups, rows }, v) {
  const result = new Float64Array(size);
  for (let i = 0, at = 0; i < size; i++) {
    let sum = 0;
    for (let g = 0; g < groups; g++) sum += rows[at++] * v[g];
    result[i] = sum;
  }
  return result;
}

/** ⟨∇J_k, ∇J_1⟩, the squared norms and the 90 % interval. */
function products(sums, part, { estimator, q }, k, sure = true) {
  const { n, size, groups, gram, own, c, hard, levels, diagonal } = sums;
  if (estimator === "exact") {
    const mix = [1 - q, q];
    const inner = (order) => {
      let sum = 0;
      for (const label of [0, 1]) {
        const at = 6 * (order - 1) + 3 * label;
        sum += mix[label] * (mix[0] * sums.exact.table[at + 1] + mix[1] * sums.exact.table[at + 2]);
      }
      return sum;
    };
    return { inner: inner(k), norm_1_sq: inner(1), norm_k_sq: null, low: null, high: null };
  }
  const { ratio, filtered, chosen, total, count, ofGroup, along } = part;
  const unbiased = estimator === "unbiased";
  const weigh = unbiased ? credit : plugin;
  const groupWeight = levels.map((level) => weigh(n, level, k));
  const one = ofGroup.map((r) => r / total);
  const many = one.map((r, g) => r * groupWeight[g]);
  let [inner, norm1, normK] = [0, 0, 0];
  for (let g = 0; g < groups; g++) {
    let [s, t] = [0, 0];
    for (let j = 0; j < groups; j++) {
      const entry = gram[g * groups + j];
      s += entry * one[j];
      t += entry * many[j];
    }
    if (unbiased) {
      s -= own[g] * one[g];
      t -= own[g] * many[g];
    }
    inner += many[g] * s;
    norm1 += one[g] * s;
    normK += many[g] * t;
  }
  const scale = unbiased ? count / (count - 1) : 1;
  const values = { inner: scale * inner, norm_1_sq: scale * norm1, norm_k_sq: scale * normK, low: null, high: null };
  if (!sure) return values;
  // The jackknife: the estimate without each prompt in turn.
  const across = rowTimes(sums, ofGroup.map((r, g) => r * groupWeight[g]));
  const given = chosen.map((i) => (c[i] ? ratio[hard[i]] * groupWeight[sums.group[i]] * along[i] : 0));
  const taken = chosen.map((i) => ratio[hard[i]] * across[i]);
  const self = chosen.map((i) => (c[i] ? ratio[hard[i]] ** 2 * groupWeight[sums.group[i]] * diagonal[i] : 0));
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const [all, mine] = [sum(given), sum(self)];
  const left = chosen.map((i, x) => {
    const without = total - (filtered ? ratio[hard[i]] : 1);
    return unbiased
      ? ((all - mine - (given[x] - self[x]) - (taken[x] - self[x])) / without ** 2) * ((count - 1) / (count - 2))
      : (all - given[x] - taken[x] + self[x]) / without ** 2;
  });
  const middle = sum(left) / count;
  const half = Z * Math.sqrt(((count - 1) / count) * left.reduce((a, v) => a + (v - middle) ** 2, 0));
  return { ...values, low: values.inner - half, high: values.inner + half };
}

export default {
  title: "What was sampled once, seen for every k.",
  lead:
    "Each mark is a prompt: ● easy, ▲ hard. Move k and watch the few prompts that still have weight; where " +
    "their contributions outweigh all others the inner product is below zero. Then ask what made it so: " +
    "move the share of hard prompts, turn on the paper's filter, and compare the estimators.",
  keys: ["k", "estimator", "q", "filter", "delta1", "delta2"],
  presets: [
    { label: "The paper's filter, plug-in", state: { estimator: "plug-in", filter: "filtered", delta1: 0.85, delta2: 0.1 } },
    { label: "Half of the prompts hard", state: { q: 0.5 } },
    { label: "Few hard prompts, k = 2", state: { q: 0.02, k: 2 } },
  ],

  build(figure) {
    const sums = unpack(figure.model.get("_data"));
    const { n } = sums;
    const left = figure.column(1, 260);
    const controls = h("div", { class: "pk-controls" });
    left.append(controls);
    const orders = Array.from({ length: n }, (_, i) => i + 1);
    figure.slider(controls, { key: "k", label: `k, up to the ${n} completions a prompt`, values: orders, entry: true });
    const names = [["unbiased", "unbiased"], ["plug-in", "plug-in"], ["exact", "exact"]];
    figure.choice(controls, { key: "estimator", label: "Values", options: sums.exact ? names : names.slice(0, 2) });
    figure.slider(controls, { key: "q", label: "q, share of hard prompts", min: 0, max: 1, step: 0.01, format: (v) => percent(v, 1) });
    const choice = figure.choice(controls, { key: "filter", label: "Prompts", options: [["whole set", "all"], ["filtered", "filtered"]] });
    const two = h("div", { class: "pk-two" });
    controls.append(two);
    // Whoever moves a bound of the filter wants to see it work.
    const bounds = [["delta1", "δ₁: easy if c/n >", 0.5, 1], ["delta2", "δ₂: hard if 0 < c/n <", 0, 0.5]].map(([key, label, min, max]) =>
      figure.slider(two, { key, label, min, max, step: 0.01, set: (value) => ({ [key]: value, filter: "filtered" }) }),
    );
    const right = figure.column(1, 260);
    const curve = figure.panel(right, { label: "Inner product over k", height: 216, margin: { left: 50, right: 12, top: 26 } });
    const key = h("div", { class: "pk-key" });
    right.append(key);
    key.innerHTML =
      '<span><i class="pk-swatch pk-swatch-many"></i>as chosen, 90 % interval</span>' +
      (sums.exact ? '<span><i class="pk-swatch pk-swatch-hard pk-swatch-ink"></i>exact</span>' : "") +
      '<span><i class="pk-swatch pk-swatch-conflict"></i>conflict</span>';
    figure.row();
    const margin = { left: 50, right: 16, top: 26, bottom: 36 };
    const panels = ["Agreement by prompt", "Weight over success", "Contributions by prompt", "Weight against agreement"].map(
      (label, i) => {
        if (i === 2) figure.row();
        return figure.panel(figure.column(1, 260), { label, height: 210, margin });
      },
    );
    figure.body.append(h("p", { class: "pk-note" }, "In D, the larger a mark, the more often its prompt is solved. Triangles are hard prompts."));
    const kx = scaleLinear([1, n], [0, 1]);
    const ky = scaleLinear([-1, 1], [1, 0]);
    let shown = { inner: 0 };
    curve.handle({
      name: "k",
      label: "k",
      at: (state) => [state.k, shown.inner],
      move: (k) => ({ k: Math.max(1, Math.min(n, Math.round(k))) }),
      x: () => kx,
      y: () => ky,
      step: 1,
      axis: "x",
      className: "pk-ink",
      range: [1, n],
      describe: (s) => `k = ${s.k}, inner product ${short(shown.inner)}`,
    });
    const memo = remember();
    let drawn = null;
    let curves = {};

    return (state) => {
      const { k, estimator, q } = state;
      for (const bound of [...bounds, choice]) bound.disabled = estimator === "exact";
      const setting = [estimator, q, state.filter, state.delta1, state.delta2];
      const part = memo("part", setting, () => kept(sums, state));
      const { chosen, count, scores, ratio, total } = part;
      const enough = count > 2;
      const numbers = { prompts: count, hard: count - part.easy };
      for (const name of ["inner", "low", "high", "norm_1_sq", "norm_k_sq", "cosine", "mean_weight", "mean_agreement", "weighted_agreement", "opposed"]) {
        numbers[name] = null;
      }
      const weights = chosen.map((i) =>
        estimator === "exact" ? exactWeight(sums.exact.success[i], k)
          : estimator === "plug-in" ? plugin(n, sums.c[i], k)
            : sums.c[i] ? credit(n, sums.c[i], k) : meanWeight(n, 0, k));
      if (enough) {
        Object.assign(numbers, products(sums, part, state, k));
        numbers.opposed = chosen.filter((i) => scores[i] < 0).length;
        numbers.mean_agreement = numbers.norm_1_sq;
        const at = 6 * (k - 1);
        numbers.mean_weight = estimator === "exact"
          ? (1 - q) * sums.exact.table[at] + q * sums.exact.table[at + 3]
          : chosen.reduce((sum, i) => sum + ratio[sums.hard[i]] * (estimator === "unbiased" ? meanWeight : plugin)(n, sums.c[i], k), 0) / total;
        if (numbers.mean_weight > 0) numbers.weighted_agreement = numbers.inner / numbers.mean_weight;
        if (numbers.norm_1_sq > 0 && numbers.norm_k_sq > 0) {
          numbers.cosine = numbers.inner / Math.sqrt(numbers.norm_1_sq * numbers.norm_k_sq);
        }
      }

      // Its intervals wait until things rest; a change of k leaves the curve as it is.
      const setup = JSON.stringify(setting);
      if (curves.setup !== setup || (figure.fine && !curves.sure)) {
        const of = enough ? orders.map((order) => products(sums, part, state, order, figure.fine)) : [];
        curves = { setup, sure: figure.fine, of };
      }
      const truth = sums.exact && memo("truth", [q], () => orders.map((order) => products(sums, part, { ...state, estimator: "exact" }, order).inner));
      shown = { inner: numbers.inner ?? 0 };
      drawCurve(curve, kx, ky, orders, curves.of, truth);
      const mark = setup + panels[0].width;
      const prompts = memo("prompts", setting, () => {
        const a = chosen.map((i) => scores[i]);
        const rate = chosen.map((i) => (estimator === "exact" ? sums.exact.success[i] : sums.c[i] / n));
        return { a, rate, hard: chosen.map((i) => sums.hard[i]), ...ranking(a) };
      });
      drawPrompts(panels, { ...prompts, w: weights, moved: drawn !== mark }, numbers, k, estimator);
      drawn = mark;
      return { say: words(state, numbers, sums), numbers };
    };
  },
};

function words({ k, estimator, q, filter, delta1, delta2 }, n, sums) {
  const who =
    estimator === "exact"
      ? `of the whole prompt distribution, ${percent(q, 1)} hard`
      : `from ${n.prompts} of ${sums.size} prompts (${n.hard} hard)` +
        (filter === "filtered" ? ` that the filter keeps, c/n > ${num(delta1)} or 0 < c/n < ${num(delta2)}` : "") +
        `, weighed to a hard share of ${percent(q, 1)}`;
  if (n.inner === null) return `${NAMES[estimator]} ${who}: too few prompts are left for an estimate.`;
  const sure =
    estimator === "exact"
      ? n.inner < 0 && k > 1 ? "conflict" : "no conflict"
      : n.high < 0 ? "conflict, and the 90 % interval lies below zero"
        : n.low > 0 ? "no conflict, and the 90 % interval lies above zero"
          : `${n.inner < 0 ? "conflict" : "no conflict"} by its sign, but the 90 % interval holds zero`;
  const cosine =
    n.cosine === null ? (estimator === "exact" ? "" : ", cosine undefined (a squared length is estimated below zero)") : `, cosine ${num(n.cosine)}`;
  const weighted =
    n.weighted_agreement === null ? "no weight is left" : `weighted by pass@${k} it is ${short(n.weighted_agreement)}`;
  const warning =
    filter === "filtered" && estimator === "unbiased"
      ? " The filter looked at the samples, so no estimate after it is unbiased." : "";
  return (
    `${NAMES[estimator]} at k = ${k} ${who}: ⟨∇J${sub(k)}, ∇J₁⟩ = ${short(n.inner)}${cosine}: ${sure}. ` +
    `The mean agreement is ${short(n.mean_agreement)}; ${weighted}. ` +
    `${n.opposed} of ${n.prompts} prompts have a negative score.${warning}`
  );
}

const tick = (v) => (v === 0 ? "0" : Math.abs(v) >= 0.01 && Math.abs(v) < 1e4 ? short(v, 1) : scientific(v, 0));

function drawCurve(panel, x, y, orders, curves, truth) {
  const values = curves.flatMap((c) => [c.inner, c.low, c.high]).filter((v) => v !== null);
  const all = [0, ...values, ...(truth ?? [])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || 1) * 0.06;
  x.range([0, panel.width]);
  y.domain([low - room, high + room]).range([panel.height, 0]);
  panel.drawAxes({ x, y, xTicks: 6, yTicks: 5, xName: "k", yFormat: tick });
  panel.word("title", "inner product ⟨∇Jₖ, ∇J₁⟩", 0, -10, "start", "pk-bold");
  const zero = y(0);
  panel.region(`M0,${zero}H${panel.width}V${panel.height}H0Z`);
  panel.path("zero", `M0,${zero}H${panel.width}`, "pk-line pk-thin pk-ink");
  const sure = curves.length > 0 && curves[0].low !== null;
  const [there, back] = [orders, [...orders].reverse()];
  panel.curve("90 % interval", sure ? [...there, ...back] : [], [...curves.map((c) => c.low), ...curves.map((c) => c.high).reverse()], "pk-wash pk-many");
  panel.curve("whole prompt distribution", truth ? orders : [], truth, "pk-line pk-ink pk-dots");
  panel.curve("estimate", curves.length ? orders : [], curves.map((c) => c.inner), "pk-line pk-many");
}

/** A path of one mark at every place: a point with a round cap, or a triangle for hard prompts. */
function marks(xs, ys, triangle, size) {
  let d = "";
  for (let i = 0; i < xs.length; i++) {
    const [u, v] = [xs[i].toFixed(1), ys[i].toFixed(1)];
    d += triangle ? `M${u},${v}m0,${-3.6 * size}l${3.4 * size},${5.8 * size}h${-6.8 * size}Z` : `M${u},${v}h0`;
  }
  return d;
}

/** The prompts in order of their scores, and the smallest scale that is told apart: a typical score. */
function ranking(a) {
  const order = a.map((_, i) => i).sort((i, j) => a[i] - a[j] || i - j);
  const place = new Array(a.length);
  order.forEach((i, rank) => (place[i] = rank));
  const sizes = a.map(Math.abs).sort((u, v) => u - v);
  return { order, place, typical: Math.max(1e-12, sizes[a.length >> 1] || sizes[a.length - 1] || 1) };
}

function drawPrompts([agreement, weight, contribution, both], { a, w, hard, rate, order, place, typical, moved }, n, k, estimator) {
  const count = a.length;
  const product = a.map((v, i) => v * w[i]);
  const spread = (values) => [Math.min(0, ...values), Math.max(0, ...values)];
  const padded = ([low, high], part = 0.06) => (low === high ? [-1, 1] : [low - part * (high - low), high + part * (high - low)]);
  const ranks = (panel) => scaleLinear([-1, Math.max(1, count)], [0, panel.width]);
  const scatter = (panel, x, xs, y, ys, part = 1, chosen = order) => {
    for (const kind of [0, 1]) {
      const of = chosen.filter((i) => hard[i] === kind);
      const words = `${kind ? "hard" : "easy"}${chosen === order ? "" : `, c/n in quarter ${part + 1}`}`;
      panel.note(`marks-${kind}${part}`, "points", () => of.map((i) => [xs[i], ys[i]]), words);
      panel.path(`marks-${kind}${part}`, marks(of.map((i) => x(xs[i])), of.map((i) => y(ys[i])), kind, SIZES[part]), `pk-mark pk-mark${part} ${kind ? "pk-hard" : "pk-easy pk-point"}`);
    }
  };
  const level = (panel, name, y, value, text, color) => {
    const there = value !== null && Number.isFinite(value);
    panel.path(name, there ? `M0,${y(value)}H${panel.width}` : "", `pk-line ${color} pk-dash`);
    const [at, anchor] = name === "mean" ? [panel.width - 2, "end"] : [2, "start"];
    panel.word(name, there ? text : "", at, there ? y(value) - 5 : 0, anchor, `pk-small ${color}`);
  };

  let [x, y] = [ranks(agreement), scaleLinear(padded(spread(a)), [agreement.height, 0])];
  if (moved) drawScores();
  function drawScores() {
    agreement.drawAxes({ x, y, xTicks: 4, yTicks: 4, yFormat: tick, xName: "prompts, by agreement" });
    agreement.word("title", "A: agreement score a(x)", 0, -10, "start", "pk-bold");
    agreement.path("zero", `M0,${y(0)}H${agreement.width}`, "pk-line pk-thin pk-ink");
    scatter(agreement, x, place, y, a);
  }

  // Weights fall to nothing: below 0.01 they are drawn as if to scale.
  const weights = (panel) => scaleSymlog([-0.003, Math.max(1.2, 1.25 * Math.max(1, ...w))], [panel.height, 0]).constant(0.01);
  const weightTicks = [0, 0.01, 0.1, 1, 10, 100].filter((v) => v <= Math.max(1.2, 1.25 * Math.max(...w)));
  x = scaleLinear([-0.02, 1.02], [0, weight.width]);
  y = weights(weight);
  const rateName = estimator === "exact" ? "success probability p" : "share of correct completions c/n";
  weight.drawAxes({ x, y, xValues: [0, 0.2, 0.4, 0.6, 0.8, 1], yValues: weightTicks, yFormat: String, xName: rateName });
  weight.word("title", `B: weight at k = ${k}`, 0, -10, "start", "pk-bold");
  // Many prompts share a place: bars behind the marks say how many.
  const counts = new Array(20).fill(0);
  for (const r of rate) counts[Math.min(19, Math.floor(20 * r + 1e-9))]++;
  weight.note("counts", "bar", () => counts.map((v, i) => [(i + 0.5) / 20, v, 0.05]), "prompts in a bin");
  const most = Math.max(1, ...counts);
  weight.one("g", "counts").selectAll("rect").data(counts).join("rect").attr("class", "pk-count")
    .attr("x", (_, i) => x(i / 20)).attr("width", (x(0.05) - x(0)) * 0.9)
    .attr("y", (v) => weight.height * (1 - (0.9 * v) / most)).attr("height", (v) => (weight.height * 0.9 * v) / most);
  weight.word("counts", `bars: prompts, at most ${most}`, weight.width, -10, "end", "pk-small pk-mutedword");
  scatter(weight, x, rate, y, w);

  x = ranks(contribution);
  const [low, high] = spread([...product, n.mean_agreement ?? 0, n.weighted_agreement ?? 0]);
  y = scaleSymlog([1.6 * low - typical, 1.6 * high + typical], [contribution.height, 0]).constant(typical);
  const decades = [];
  for (let power = Math.ceil(Math.log10(typical)); 10 ** power < 1.6 * Math.max(-low, high) + typical; power++) decades.push(10 ** power);
  const few = decades.filter((_, i) => i % Math.ceil(decades.length / 3) === 0);
  contribution.drawAxes({
    x, y, xTicks: 4, yValues: [...few.map((v) => -v), 0, ...few].filter((v) => v >= y.domain()[0] && v <= y.domain()[1]), yFormat: tick,
    xName: "prompts, by agreement",
  });
  contribution.word("title", "C: contributions, weight × score", 0, -10, "start", "pk-bold");
  contribution.path("zero", `M0,${y(0)}H${contribution.width}`, "pk-line pk-thin pk-ink");
  scatter(contribution, x, place, y, product);
  level(contribution, "mean", y, n.mean_agreement, `mean score ${short(n.mean_agreement ?? 0, 2)}`, "pk-one");
  level(contribution, "weighted", y, n.weighted_agreement, `weighted mean ${short(n.weighted_agreement ?? 0, 2)}`, "pk-many");

  x = scaleLinear(padded(spread(a)), [0, both.width]);
  y = weights(both);
  both.drawAxes({ x, y, xTicks: 4, yValues: weightTicks, xFormat: tick, yFormat: String, xName: "agreement score a(x)" });
  both.word("title", "D: weight against agreement", 0, -10, "start", "pk-bold");
  both.path("zero", `M${x(0)},0V${both.height}`, "pk-line pk-thin pk-ink");
  for (let part = 0; part < 4; part++) {
    scatter(both, x, a, y, w, part, order.filter((i) => Math.min(3, Math.floor(4 * rate[i])) === part));
  }
}
