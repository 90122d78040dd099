// Any transform F of the success probability: its weight, what it does to the difficulties, where it
// conflicts with pass@1 on the toy's θ plane, and its ascent from the point that the reader drags.

import { scaleLinear, scaleLog } from "d3-scale";
import { K_VALUES, h } from "./kit.js";
import { Plane } from "./plane.js";
import { num, percent, short, signed } from "./text.js";
import { Population, dot, walk } from "./toy.js";
import { chosen } from "./transforms.js";

const STEPS = 100;
const BINS = 20;
const OUT = new Float64Array(6);
const pass1 = (m, out) => {
  out[0] = out[1] = 1;
};
// Success probabilities to draw weights at, close at both ends.
const PS = Array.from({ length: 161 }, (_, i) => (1 - Math.cos((Math.PI * (i + 0.1)) / 160.2)) / 2);

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
    const plane = new Plane(figure, left);
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
    figure.steps(right, STEPS);
    figure.row();
    const curves = ["pass@1", "the objective"].map((name) =>
      figure.panel(figure.column(1, 230), { label: `${name} along the ascent`, height: 150, margin }),
    );

    let looked = "";

    return (state) => {
      const { theta, delta, p_hard: pHard, length, step } = state;
      const { transform, name, about: formula, mark: which } = chosen(state);
      const same = name === "pass@1" || (state.objective !== "log p" && state.objective !== "arcsin" && isPass1(state));
      about.textContent = formula;
      manyName.textContent = name;
      plane.draw(state, { k: which, shown: "J_k", conflict: !same, transform });
      const { memo, detail } = plane;
      const { exact, rule } = plane.prompts(state);
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
      plane.trail("pass@1 ascent", other, STEPS, "pk-one", "pk-faint");
      plane.trail("ascent of the objective", path, step, "pk-many", "");
      plane.gradients(theta, here.g1, here.gF, same ? "" : "∇J_F");

      const looks = [which, theta, delta, pHard, detail, weight.width].join();
      if (looked !== looks) {
        drawWeight(weight, transform, here.weight, name);
        // At rest so close that bars do not show the nodes.
        const dense = () => memo("dense", [delta, pHard], () => new Population(delta, pHard, { step: 1 / 64, reach: 10 }));
        drawBars(bars, figure.fine ? dense() : exact, theta, transform);
        looked = looks;
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
  panel.curve("one", [0, 1], [1, 1], "pk-line pk-one", { called: "pass@1" });
  const values = PS.map((p) => transform(Math.log(p) - Math.log1p(-p), OUT)[1] / mean);
  panel.curve("many", PS, values, "pk-line pk-many", { called: name });
  panel.word("one-name", name === "pass@1" ? "" : "pass@1", panel.width, y(1) - 6, "end", "pk-one pk-small");
  const inside = values.findIndex((v) => y(v) > 14);
  panel.word("many-name", name, x(PS[Math.max(0, inside)]) + 8, 12, "start", "pk-many pk-small");
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
  panel.bars("prompts", share, "pk-fill pk-one", [0.08, 0.5]);
  panel.bars("as F weighs them", shifted, "pk-hollow pk-many", [0.5, 0.92]);
}

function drawCurve(panel, values, others, step, title, span) {
  const x = scaleLinear([0, STEPS], [0, panel.width]);
  const [low, high] = [Math.min(...span), Math.max(...span)];
  const room = 0.08 * (high - low) || 0.01;
  const y = scaleLinear([low - room, high + room], [panel.height, 0]);
  panel.drawAxes({ x, y, yTicks: 3, xTicks: 5, xName: "step", yFormat: (v) => (v === 0 ? "0" : short(v, 3)) });
  panel.word("title", title, 0, -8, "start", "pk-bold");
  const steps = values.map((_, i) => i);
  if (others) panel.curve("pass@1 ascent", steps, others, "pk-line pk-one pk-dash");
  panel.curve("whole ascent", steps, values, "pk-line pk-many pk-thin pk-faint");
  panel.curve("ascent", steps, values, "pk-line pk-many", { count: step + 1 });
  panel.dot("now", step, values[step], 3.5, "pk-fill pk-many", panel.top);
}
