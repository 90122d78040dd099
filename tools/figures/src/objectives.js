// Any transform F of the success probability: its weight, what it does to the difficulties, where it
// conflicts with pass@1 on the toy's θ plane, and its ascent from the point that the reader drags.

import { scaleLinear, scaleLog } from "d3-scale";
import { drawArrows, drawMap, hatch, remember, thetaHandle } from "./conflict_map.js";
import { K_VALUES, h } from "./kit.js";
import { line, num, percent, short, signed } from "./text.js";
import { EXACT, Grid, Population, QUICK, dot, walk } from "./toy.js";
import { chosen } from "./transforms.js";

const REACH = 5;
const STEPS = 100;
const BINS = 20;
const OUT = new Float64Array(6);
const pass1 = (m, out) => {
  out[0] = out[1] = 1;
};

export default {
  title: "Which objectives conflict with pass@1.",
  lead:
    "Pick an objective F. Its weight F′(p) decides which prompts it listens to, and with them where its " +
    "gradient opposes that of pass@1: the hatched region. Look which objectives have no such region around " +
    "the point, and what the ascent then does to pass@1. Drag the point, or focus it and use the arrow keys.",
  keys: ["objective", "k", "a", "t", "theta", "delta", "p_hard", "length", "step"],
  presets: [
    { label: "Pass@10", state: { objective: "pass@k", k: 10 } },
    { label: "All of 5 correct", state: { objective: "pass^k", k: 5 } },
    { label: "Averse to risk: t = −6", state: { objective: "entropic", t: -6 } },
  ],

  build(figure) {
    const controls = h("div", { class: "pk-controls" });
    figure.column(1, 260).append(controls);
    figure.choice(controls, {
      key: "objective",
      label: "Objective",
      options: [
        ["pass@1", "pass@1"], ["pass@k", (s) => `pass@${s.k}`], ["log p", "log p"], ["arcsin", "2 arcsin √p"],
        ["power", "power mean"], ["entropic", "entropic risk"], ["pass^k", (s) => `pass^${s.k}`],
      ],
    });
    const about = h("p", { class: "pk-note" });
    controls.append(about);
    // A parameter that is moved brings its own objective.
    const two = h("div", { class: "pk-two pk-three" });
    controls.append(two);
    figure.slider(two, {
      key: "k", label: "k, attempts", values: K_VALUES, entry: true,
      set: (k, state) => ({ k, objective: state.objective === "pass^k" ? "pass^k" : "pass@k" }),
    });
    figure.slider(two, { key: "a", label: "a, power mean", min: 0.05, max: 4, step: 0.05, set: (a) => ({ a, objective: "power" }) });
    figure.slider(two, {
      key: "t", label: "t, entropic risk", min: -10, max: 10, step: 0.5, format: (v) => num(v, 1),
      set: (t) => ({ t, objective: "entropic" }),
    });
    figure.slider(two, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    figure.slider(two, { key: "p_hard", label: "share of hard prompts", min: 0.05, max: 0.95, step: 0.01 });
    figure.slider(two, { key: "length", label: "length of a step", min: 0.01, max: 0.2, step: 0.01 });

    figure.row();
    const left = figure.column(6, 300);
    const map = figure.panel(left, {
      label: "Plane of the two parameters",
      height: (width) => width - 42 + 54,
      margin: { left: 34, right: 8, bottom: 36, top: 18 },
      className: "pk-square",
    });
    const key = h("div", { class: "pk-key" });
    left.append(key);
    key.innerHTML =
      '<span><i class="pk-swatch pk-swatch-one"></i>pass@1 ascent</span>' +
      '<span><i class="pk-swatch pk-swatch-many"></i><b></b> ascent, contours</span>' +
      '<span><i class="pk-swatch pk-swatch-conflict"></i>conflict: ⟨∇J₁, ∇J_F⟩ &lt; 0</span>';
    const manyName = key.querySelector("b");
    const right = figure.column(5, 240);
    const margin = { left: 44, right: 12, top: 24, bottom: 36 };
    const weight = figure.panel(right, { label: "Weight over p", height: 190, margin });
    const bars = figure.panel(right, { label: "Distribution of difficulties", height: 190, margin });
    const row = h("div", { class: "pk-row" });
    right.append(row);
    figure.player(row, { key: "step", last: () => STEPS });
    figure.slider(row, { key: "step", label: "step", min: 0, max: STEPS, step: 1, format: String });
    figure.row();
    const curves = ["pass@1", "the objective"].map((name) =>
      figure.panel(figure.column(1, 230), { label: `${name} along the ascent`, height: 150, margin }),
    );

    const x = scaleLinear([-REACH, REACH], [0, 1]);
    const y = scaleLinear([-REACH, REACH], [1, 0]);
    thetaHandle(figure, map, x, y, REACH);
    hatch(map, figure.id);
    const grids = { coarse: new Grid(33, REACH), fine: new Grid(61, REACH) };
    const memo = remember();
    let drawn = {};

    return (state) => {
      const { theta, delta, p_hard: pHard, length, step } = state;
      const { transform, name, about: formula, mark: which } = chosen(state);
      const same = name === "pass@1" || (state.objective !== "log p" && state.objective !== "arcsin" && isPass1(state));
      about.textContent = formula;
      manyName.textContent = name;
      x.range([0, map.width]);
      y.range([map.height, 0]);
      const detail = figure.fine ? "fine" : "coarse";
      const mark = [which, delta, pHard, map.width].join();
      if (drawn.mark !== mark || (figure.fine && !drawn.fine)) {
        const tables = grids[detail].compute(delta, pHard, which, transform);
        drawMap(map, grids[detail], tables, { shown: "J_k", conflict: !same }, x, y);
        drawn = { ...drawn, mark, fine: figure.fine };
      }
      map.drawAxes({ x, y, xName: "θ₁", yName: "θ₂", grid: false, xTicks: 6, yTicks: 6 });

      const exact = memo("exact", [delta, pHard], () => new Population(delta, pHard, EXACT));
      const quick = memo("quick", [delta, pHard], () => new Population(delta, pHard, 2 * QUICK));
      const rule = figure.fine ? exact : quick;
      const here = exact.under(theta, transform);
      const setting = [theta, delta, pHard, length, detail];
      const path = memo("many", [which, ...setting], () =>
        walk(theta, STEPS, length, (at) => {
          const found = rule.under(at, transform);
          return { ...found, way: found.gF };
        }));
      const other = memo("one", setting, () =>
        walk(theta, STEPS, length, (at) => {
          const found = rule.under(at, pass1);
          return { ...found, way: found.g1 };
        }));
      for (const [points, color, end] of [[other, "pk-one", STEPS], [path, "pk-many", step]]) {
        const xs = points.map((p) => x(p.theta[0]));
        const ys = points.map((p) => y(p.theta[1]));
        map.path(`trail-${color}`, line(xs, ys, end + 1), `pk-line pk-trail ${color} ${color === "pk-one" ? "pk-faint" : ""}`);
        map.one("circle", `end-${color}`).attr("class", `pk-fill ${color}`).attr("r", 4.5).attr("cx", xs[end]).attr("cy", ys[end]);
      }
      const angle = drawArrows(map, { g1: here.g1, gk: here.gF }, x(theta[0]), y(theta[1]), 0, same ? "" : "∇J_F");
      map.one("g", "labels").selectAll("text").attr("opacity", (l) =>
        angle.names.some(([u, v]) => Math.abs(u - l.u) < 38 && Math.abs(v - l.v) < 16) ? 0 : 1);

      const looks = [which, theta, delta, pHard, detail, weight.width].join();
      if (drawn.looks !== looks) {
        drawWeight(weight, transform, here.weight, name);
        // So close that bars do not show the nodes.
        const dense = memo("dense", [delta, pHard], () => new Population(delta, pHard, 1 / 64));
        drawBars(bars, figure.fine ? dense : exact, theta, transform);
        drawn.looks = looks;
      }
      const both = [...path, ...other].map((p) => p.J1);
      drawCurve(curves[0], path.map((p) => p.J1), other.map((p) => p.J1), step, "pass@1", both);
      const own = path.map((p) => p.JF);
      drawCurve(curves[1], own, null, step, `mean of F, ${name}`, own);

      const end = path[step];
      const size = Math.hypot(...here.g1) * Math.hypot(...here.gF);
      const inner = dot(here.gF, here.g1);
      const numbers = {
        J_1: here.J1, J_F: here.JF, inner, cosine: size > 0 ? inner / size : null, mean_weight: here.weight,
        mean_shifted: here.weighted / here.weight, J_1_end: end.J1, J_F_end: end.JF, theta_end: end.theta,
      };
      const verdict = !(size > 0) ? "a gradient vanishes, so there is no angle"
        : same ? "the two are one" : `cosine ${num(numbers.cosine)}: ${inner < 0 ? "conflict" : "no conflict"}`;
      const say =
        `At θ = (${num(theta[0])}, ${num(theta[1])}) the gradients of pass@1 and ${name} have ${verdict}. ` +
        `The mean success probability is ${num(here.J1)} among the prompts, ${num(numbers.mean_shifted)} as ${name} weighs them. ` +
        `${step} steps of length ${num(length)} along ${name} take pass@1 from ${num(here.J1, 3)} to ${num(end.J1, 3)} ` +
        `(${signed(end.J1 - here.J1)}; pass@1's own ascent: ${signed(other[step].J1 - here.J1)}) and the mean of F from ` +
        `${num(here.JF, 3)} to ${num(end.JF, 3)}.`;
      return { say, numbers };
    };
  },
};

/** A member of a family that is pass@1 itself. */
function isPass1({ objective, k, a, t }) {
  if (objective === "power") return a === 1;
  return objective === "entropic" ? Math.abs(t) < 1e-8 : k === 1;
}

function drawWeight(panel, transform, mean, name) {
  const x = scaleLinear([0, 1], [0, panel.width]);
  const [low, high] = [0.01, 100];
  const y = scaleLog([low, high], [panel.height, 0]);
  panel.drawAxes({ x, y, yValues: [0.01, 0.1, 1, 10, 100], yFormat: String, xName: "success probability p" });
  panel.word("title", "weight F′(p), over its mean", 0, -10, "start", "pk-bold");
  panel.path("one", `M0,${y(1)}H${panel.width}`, "pk-line pk-one");
  const ps = Array.from({ length: 161 }, (_, i) => (1 - Math.cos((Math.PI * (i + 0.1)) / 160.2)) / 2);
  const ys = ps.map((p) => {
    transform(Math.log(p) - Math.log1p(-p), OUT);
    return y(Math.min(10 * high, Math.max(low / 10, OUT[1] / mean)));
  });
  panel.path("many", line(ps.map(x), ys), "pk-line pk-many");
  panel.word("one-name", name === "pass@1" ? "" : "pass@1", panel.width, y(1) - 6, "end", "pk-one pk-small");
  const inside = ys.findIndex((v) => v > 14);
  panel.word("many-name", name, x(ps[Math.max(0, inside)]) + 8, 12, "start", "pk-many pk-small");
}

function drawBars(panel, prompts, theta, transform) {
  const [share, shifted] = [new Float64Array(BINS), new Float64Array(BINS)];
  let total = 0;
  for (let i = 0; i < prompts.size; i++) {
    const m = prompts.label[i] * (theta[0] + theta[1] * prompts.feature[i]);
    const bin = Math.min(BINS - 1, Math.floor(BINS / (1 + Math.exp(-m))));
    transform(m, OUT);
    share[bin] += prompts.mass[i];
    shifted[bin] += prompts.mass[i] * OUT[1];
    total += prompts.mass[i] * OUT[1];
  }
  for (let b = 0; b < BINS; b++) shifted[b] /= total;
  const x = scaleLinear([0, 1], [0, panel.width]);
  const y = scaleLinear([0, 1.05 * Math.max(...share, ...shifted)], [panel.height, 0]);
  panel.drawAxes({ x, y, yTicks: 4, xName: "success probability p", yFormat: (v) => percent(v) });
  panel.word("title", "prompts, and as F weighs them", 0, -10, "start", "pk-bold");
  const full = panel.width / BINS;
  const layer = panel.one("g", "bars");
  for (const [name, values, from] of [["one", share, 0.08], ["many", shifted, 0.5]]) {
    layer.selectAll(`.pk-${name}`).data([...values]).join("rect").attr("class", `${name === "one" ? "pk-fill" : "pk-hollow"} pk-${name}`)
      .attr("x", (_, i) => (i + from) * full).attr("width", 0.42 * full)
      .attr("y", (v) => y(v)).attr("height", (v) => Math.max(0, panel.height - y(v)));
  }
}

function drawCurve(panel, values, others, step, title, span) {
  const x = scaleLinear([0, STEPS], [0, panel.width]);
  const [low, high] = [Math.min(...span), Math.max(...span)];
  const room = 0.08 * (high - low) || 0.01;
  const y = scaleLinear([low - room, high + room], [panel.height, 0]);
  panel.drawAxes({ x, y, yTicks: 3, xTicks: 5, xName: "step", yFormat: (v) => (v === 0 ? "0" : short(v, 3)) });
  panel.word("title", title, 0, -8, "start", "pk-bold");
  const xs = values.map((_, i) => x(i));
  panel.path("other", others ? line(xs, others.map((v) => y(v))) : "", "pk-line pk-one pk-dash");
  panel.path("rest", line(xs, values.map((v) => y(v))), "pk-line pk-many pk-thin pk-faint");
  panel.path("own", line(xs, values.map((v) => y(v)), step + 1), "pk-line pk-many");
  panel.one("circle", "dot", panel.top).attr("class", "pk-fill pk-many").attr("r", 3.5).attr("cx", xs[step]).attr("cy", y(values[step]));
}
