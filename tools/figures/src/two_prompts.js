// Section 3.3 with everything free to move: two prompts, their features, θ, and a step.

import { scaleLinear } from "d3-scale";
import { promptAt } from "./formulas.js";
import { K_VALUES, clamp, h } from "./kit.js";
import { num, short, signed, sub } from "./text.js";
import { cosine, dot, norm } from "./toy.js";

const WIDE = 1.5;
const REACH = 5;

const square = { left: 34, right: 8, bottom: 36, top: 22 };
const height = (width) => width - 42 + 58;

/** p, ∇p, F and w of both prompts, easy first. */
function prompts(state, theta) {
  return [[state.psi_easy, -1], [state.psi_hard, 1]].map(([psi, label]) => {
    const [p, g1, g2, F, w] = promptAt(theta[0], theta[1], psi[0], psi[1], label, state.k, new Float64Array(6));
    return { p, g: [g1, g2], F, w };
  });
}
const half = (u, v, a = 1, b = 1) => [(a * u[0] + b * v[0]) / 2, (a * u[1] + b * v[1]) / 2];

export default {
  title: "Two prompts that share parameters.",
  lead:
    "The easy prompt is solved by action 0, the hard one by action 1, and their features are nearly the " +
    "same: what helps one hurts the other. Drag the features ψ until the gradients agree, and watch what " +
    "the step does to each prompt.",
  keys: ["psi_easy", "psi_hard", "theta", "k", "eta", "along"],
  presets: [
    { label: "Step on the hard prompt", state: { along: "hard" } },
    { label: "Orthogonal features", state: { psi_easy: [1, 0], psi_hard: [0, 1] } },
    { label: "Opposite features", state: { psi_easy: [1, -0.1], psi_hard: [-1, -0.1], along: "pass@1" } },
  ],

  build(figure) {
    const features = figure.panel(figure.column(1, 240), {
      label: "Plane of the features", height, margin: square, className: "pk-square",
    });
    const gradients = figure.panel(figure.column(1, 240), {
      label: "Plane of the gradients", height, margin: square, className: "pk-square",
    });
    figure.row();
    const left = figure.column(1, 240);
    const right = figure.column(1, 240);
    const policy = figure.panel(left, { label: "Plane of the parameters", height, margin: square, className: "pk-square" });
    const controls = h("div", { class: "pk-controls" });
    right.append(controls);
    figure.choice(controls, {
      key: "along",
      label: "Step along the gradient of",
      options: [["pass@k", (s) => `pass@${s.k}`], ["pass@1", "pass@1"], ["easy", "easy prompt"], ["hard", "hard prompt"]],
    });
    figure.slider(controls, { key: "eta", label: "step size η", min: 0, max: 50, step: 0.5, format: (v) => num(v, 1) });
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    const steps = figure.table(right, "What the step does", ["", "before", "after", "change"]);
    const facts = figure.table(right, "How the gradients stand to each other", ["", ""]);

    const fx = scaleLinear([-WIDE, WIDE], [0, 1]);
    const fy = scaleLinear([-WIDE, WIDE], [1, 0]);
    const tx = scaleLinear([-REACH, REACH], [0, 1]);
    const ty = scaleLinear([-REACH, REACH], [1, 0]);
    const round = (reach) => (a, b) => [a, b].map((t) => +clamp(t, -reach, reach).toFixed(3));
    for (const [key, label, color] of [["psi_easy", "Feature vector of the easy prompt", "pk-easy"], ["psi_hard", "Feature vector of the hard prompt", "pk-hard"]]) {
      features.handle({
        name: key, label, at: (s) => s[key], move: (a, b) => ({ [key]: round(WIDE)(a, b) }),
        x: () => fx, y: () => fy, step: 0.05, className: color,
        describe: (s) => `(${num(s[key][0])}, ${num(s[key][1])})`,
      });
    }
    policy.handle({
      name: "theta", label: "Policy parameters θ", at: (s) => s.theta, move: (a, b) => ({ theta: round(REACH)(a, b) }),
      x: () => tx, y: () => ty, className: "pk-ink", describe: (s) => `θ = (${num(s.theta[0])}, ${num(s.theta[1])})`,
    });
    let reach = 0;

    return (state) => {
      const { theta, k, eta, along } = state;
      const [easy, hard] = prompts(state, theta);
      const g1 = half(easy.g, hard.g);
      const gk = half(easy.g, hard.g, easy.w, hard.w);
      const direction = { "pass@k": gk, "pass@1": g1, easy: easy.g, hard: hard.g }[along];
      const next = [theta[0] + eta * direction[0], theta[1] + eta * direction[1]];
      const [easyAfter, hardAfter] = prompts(state, next);
      const J = (a, b, name) => (a[name] + b[name]) / 2;

      // Features, and the line on which the policy is undecided.
      for (const [s, panel] of [[fx, features], [tx, policy]]) s.range([0, panel.width]);
      for (const [s, panel] of [[fy, features], [ty, policy]]) s.range([panel.height, 0]);
      features.drawAxes({ x: fx, y: fy });
      features.word("title", "features ψ", 0, -8, "start", "pk-bold");
      const size = norm(theta);
      const [u, v] = size > 0 ? [(-theta[1] / size) * 4, (theta[0] / size) * 4] : [0, 0];
      features.path("line", size > 0 ? `M${fx(-u)},${fy(-v)}L${fx(u)},${fy(v)}` : "", "pk-rule pk-dash");
      for (const [name, psi, color, p] of [["easy", state.psi_easy, "pk-easy", easy.p], ["hard", state.psi_hard, "pk-hard", hard.p]]) {
        features.path(`stem-${name}`, `M${fx(0)},${fy(0)}L${fx(psi[0])},${fy(psi[1])}`, `pk-line ${color} ${name === "hard" ? "pk-dots" : ""}`);
        features.note(name, "points", () => [psi]);
        const above = name === "easy" ? (state.psi_easy[1] >= state.psi_hard[1]) : (state.psi_hard[1] > state.psi_easy[1]);
        features.word(name, `${name}, p = ${num(p)}`, clamp(fx(psi[0]), 48, features.width - 48),
          clamp(fy(psi[1]) + (above ? -16 : 26), 10, features.height - 4), "middle", color);
      }

      // Gradients, all to one scale.
      const vectors = [
        ["easy", easy.g, "∇p easy", "pk-easy"], ["hard", hard.g, "∇p hard", "pk-hard"],
        ["many", gk, `∇J${sub(k)}`, "pk-many"], ["one", g1, "∇J₁", "pk-one"],
      ];
      const longest = Math.max(...vectors.map(([, g]) => norm(g)), 1e-12);
      if (figure.fine || longest > reach) reach = longest * 1.35;
      const gx = scaleLinear([-reach, reach], [0, gradients.width]);
      const gy = scaleLinear([-reach, reach], [gradients.height, 0]);
      gradients.drawAxes({ x: gx, y: gy, xTicks: 4, yTicks: 4 });
      gradients.word("title", "gradients", 0, -8, "start", "pk-bold");
      // Long ones first, so that a short one on the same line is not covered.
      vectors.sort((a, b) => norm(b[1]) - norm(a[1]));
      const placed = [];
      for (const [name, g, text, color] of vectors) {
        const long = norm(g);
        gradients.arrow(name, gx(0), gy(0), gx(g[0]), gy(g[1]), color, 11, text);
        for (const layer of ["case", "shaft", "tip"]) gradients.named[`path-${name}-${layer}`].raise();
        const [a, b] = long > 0 ? [g[0] / long, -g[1] / long] : [1, 0];
        // A name whose place is taken moves down, line by line.
        const taken = placed.filter((other) => other.u * a + other.v * b > 0.95).length;
        const [lx, ly] = taken
          ? [gx(g[0]) - 8 * a, gy(g[1]) + 22 + 15 * (taken - 1)]
          : [gx(g[0]) + 22 * a, gy(g[1]) + 16 * b + 4];
        placed.push({ u: a, v: b });
        gradients.word(name, long > 0.004 * longest ? text : "", clamp(lx, 20, gradients.width - 20), ly, "middle", color).raise();
      }

      policy.drawAxes({ x: tx, y: ty, xName: "θ₁", yName: "" });
      policy.word("title", "parameters θ and the step", 0, -8, "start", "pk-bold");
      policy.arrow("step", tx(theta[0]), ty(theta[1]), tx(next[0]), ty(next[1]),
        { "pass@k": "pk-many", "pass@1": "pk-one", easy: "pk-easy", hard: "pk-hard" }[along], 11);

      const kappa = dot(easy.g, hard.g);
      const cosines = { prompts: cosine(easy.g, hard.g), objectives: cosine(g1, gk) };
      const numbers = {
        p_easy: easy.p, p_hard: hard.p, w_easy: easy.w, w_hard: hard.w, kappa,
        cosine_prompts: cosines.prompts, cosine: cosines.objectives,
        J_1: J(easy, hard, "p"), J_k: J(easy, hard, "F"), direction,
        p_easy_after: easyAfter.p, p_hard_after: hardAfter.p,
        J_1_after: J(easyAfter, hardAfter, "p"), J_k_after: J(easyAfter, hardAfter, "F"),
      };
      const row = (name, a, b) => [name, num(a, 3), num(b, 3), signed(b - a)];
      steps([
        row("p of the easy prompt", easy.p, easyAfter.p),
        row("p of the hard prompt", hard.p, hardAfter.p),
        row("pass@1", numbers.J_1, numbers.J_1_after),
        row(`pass@${k}`, numbers.J_k, numbers.J_k_after),
      ]);
      facts([
        ["κ(easy, hard)", short(kappa)],
        ["cosine of ∇p easy and ∇p hard", num(cosines.prompts)],
        ["weights, easy and hard", `${short(easy.w)}, ${short(hard.w)}`],
        [`cosine of ∇J₁ and ∇J${sub(k)}`, num(cosines.objectives)],
      ]);
      const sign = kappa < 0 ? "negative interference" : kappa > 0 ? "positive interference" : "no interference";
      const verdict = Number.isFinite(cosines.objectives)
        ? `cosine ${num(cosines.objectives)}: ${cosines.objectives < 0 ? "conflict" : "no conflict"}`
        : "one of them vanishes";
      const name = { "pass@k": `pass@${k}`, "pass@1": "pass@1", easy: "the easy prompt", hard: "the hard prompt" }[along];
      const say =
        `κ = ${short(kappa)}: ${sign}. Gradients of pass@1 and pass@${k}: ${verdict}. A step of ${num(eta, 1)} along the ` +
        `gradient of ${name} takes pass@1 from ${num(numbers.J_1, 3)} to ${num(numbers.J_1_after, 3)} and pass@${k} ` +
        `from ${num(numbers.J_k, 3)} to ${num(numbers.J_k_after, 3)}.`;
      return { say, numbers };
    };
  },
};
