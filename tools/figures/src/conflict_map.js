// The θ plane of the toy: contours of J₁ and J_k, the region where their gradients conflict, and two
// ascents from the point that the reader drags (Figures 3 and 5).

import { scaleLinear } from "d3-scale";
import { K_VALUES, h } from "./kit.js";
import { Plane } from "./plane.js";
import { num, signed, sub } from "./text.js";
import { dot, norm } from "./toy.js";

const STEPS = 100;

export default {
  title: "Where pass@k and pass@1 pull apart.",
  lead:
    "Drag the point θ, or focus it and use the arrow keys. Inside the hatched region the two arrows are " +
    "more than 90° apart: a small step that raises pass@k most lowers pass@1. Look for where that region " +
    "lies, and how it moves as k grows.",
  keys: ["theta", "k", "delta", "p_hard", "eta", "step", "ascent", "contours"],
  presets: [
    { label: "k = 2: no conflict here", state: { k: 2 } },
    { label: "k = 400: it has ended", state: { k: 400 } },
    { label: "Back uphill on pass@1", state: { theta: [-0.4, -0.3], ascent: "pass@1" } },
  ],

  build(figure) {
    const left = figure.column(6, 300);
    const right = figure.column(5, 240);
    const plane = new Plane(figure, left);

    const controls = h("div", { class: "pk-controls" });
    right.append(controls);
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    figure.slider(controls, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    figure.slider(controls, { key: "p_hard", label: "share of hard prompts", min: 0.05, max: 0.95, step: 0.01 });
    figure.choice(controls, {
      key: "contours",
      label: "Contours",
      options: [["both", "both"], ["J_1", "J₁"], ["J_k", (s) => `J${sub(s.k)}`]],
    });
    const key = h("div", { class: "pk-key" });
    controls.append(key);
    key.innerHTML =
      '<span><i class="pk-swatch pk-swatch-one"></i>J₁, pass@1</span>' +
      '<span><i class="pk-swatch pk-swatch-many"></i><b></b></span>' +
      '<span><i class="pk-swatch pk-swatch-conflict"></i>conflict: ⟨∇J₁, ∇Jₖ⟩ &lt; 0</span>';
    const manyName = key.querySelector("b");
    figure.choice(controls, {
      key: "ascent",
      label: "Ascent",
      options: [["pass@k", (s) => `pass@${s.k}`], ["pass@1", "pass@1"]],
    });
    figure.steps(controls, STEPS);
    figure.slider(controls, { key: "eta", label: "step size η", min: 0.1, max: 5, step: 0.1, format: (x) => num(x, 1) });

    figure.row();
    const curves = ["one", "many"].map((name, i) =>
      figure.panel(figure.column(1, 230), {
        label: `${i ? "pass@k" : "pass@1"} along the ascent`,
        height: 150,
        margin: { left: 34, right: 42, top: 22, bottom: 36 },
      }),
    );

    return (state) => {
      const { theta, k, delta, p_hard: pHard, eta, step, ascent } = state;
      manyName.textContent = `J${sub(k)}, pass@${k}`;
      plane.draw(state, { k, shown: state.contours, conflict: k > 1 });
      const { exact, rule } = plane.prompts(state);
      const here = exact.at(theta, k);
      const setting = [theta, k, delta, pHard, eta, plane.detail];
      const ascend = (name) => plane.memo(name, setting, () => rule.ascend(theta, k, eta, STEPS, name));
      const paths = { "pass@1": ascend("pass@1"), "pass@k": ascend("pass@k") };
      for (const [name, color] of [["pass@1", "pk-one"], ["pass@k", "pk-many"]]) {
        const chosen = name === ascent;
        plane.trail(`${name} ascent`, paths[name], chosen ? step : STEPS, color, chosen ? "" : "pk-faint");
      }
      const angle = plane.gradients(theta, here.g1, here.gk, `∇J${sub(k)}`);

      const path = paths[ascent];
      drawCurve(curves[0], path, step, "J1", "one", "pass@1", "pk-one");
      drawCurve(curves[1], path, step, "Jk", "many", `pass@${k}`, "pk-many");
      const end = path[step];

      const numbers = {
        J_1: here.J1, J_k: here.Jk, inner: dot(here.g1, here.gk), norm_1: norm(here.g1),
        norm_k: norm(here.gk), cosine: angle.cosine, J_1_end: end.J1, J_k_end: end.Jk,
        theta_end: end.theta,
      };
      const verdict = !Number.isFinite(angle.cosine)
        ? "a gradient vanishes, so there is no angle"
        : `cosine ${num(angle.cosine)}, angle ${Math.round(angle.degrees)}°: ` +
          (angle.cosine < 0 ? "conflict" : k === 1 ? "the two are one" : "no conflict");
      const name = ascent === "pass@1" ? "pass@1" : `pass@${k}`;
      const say =
        `At θ = (${num(theta[0])}, ${num(theta[1])}) the gradients of pass@1 and pass@${k} have ${verdict}. ` +
        `After ${step} steps of ${name} ascent with η = ${num(eta, 1)}, pass@1 goes from ${num(here.J1, 3)} to ` +
        `${num(end.J1, 3)} (${signed(end.J1 - here.J1)}) and pass@${k} from ${num(here.Jk, 3)} to ` +
        `${num(end.Jk, 3)} (${signed(end.Jk - here.Jk)}).`;
      return { say, numbers };
    };
  },
};

/** One quantity along the ascent: everyone, easy, hard. */
function drawCurve(panel, path, step, all, split, title, color) {
  const x = scaleLinear([0, STEPS], [0, panel.width]);
  const values = path.flatMap((p) => [p[all], ...p[split]]).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.04, 0.08 * (high - low));
  const y = scaleLinear([Math.max(0, low - room), Math.min(1, high + room)], [panel.height, 0]);
  panel.drawAxes({
    x, y, yTicks: 3, xTicks: 5,
    xName: "gradient step",
  });
  panel.word("title", title, 0, -8, "start", `pk-bold ${color}`);
  const steps = path.map((_, i) => i);
  const series = [
    ["all", path.map((p) => p[all]), `pk-line ${color}`, color],
    ["easy", path.map((p) => p[split][0]), "pk-line pk-dash pk-easy", "pk-easy"],
    ["hard", path.map((p) => p[split][1]), "pk-line pk-dots pk-hard", "pk-hard"],
  ];
  const ends = [];
  for (const [name, values, look, tint] of series) {
    panel.curve(`${name}, whole ascent`, steps, values, `${look} pk-thin pk-faint`);
    panel.curve(name, steps, values, look, { count: step + 1 });
    panel.dot(name, step, values[step], 3, `pk-fill ${tint}`, panel.top);
    ends.push({ name, tint, at: y(values[STEPS]) });
  }
  spread(ends, 13, 4, panel.height);
  for (const { name, tint, at } of ends) panel.word(`end-${name}`, name, panel.width + 6, at + 4, "start", tint);
}

/** Move labels apart until none is closer than `gap` to the next. */
function spread(labels, gap, low, high) {
  labels.sort((a, b) => a.at - b.at);
  for (let i = 0; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, i ? labels[i - 1].at + gap : low);
  for (let i = labels.length - 1; i >= 0; i--) {
    labels[i].at = Math.min(labels[i].at, i === labels.length - 1 ? high : labels[i + 1].at - gap);
  }
}
