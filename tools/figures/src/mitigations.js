// Ways to follow pass@k without losing pass@1, from the point that the reader drags, every step of the
// same length: paths over θ, and in the plane of pass@1 and pass@k.

import { scaleLinear } from "d3-scale";
import { passAtKAt } from "./formulas.js";
import { K_VALUES, h } from "./kit.js";
import { Plane } from "./plane.js";
import { fixed, num, short, signed, sub } from "./text.js";
import { dot, walk } from "./toy.js";

const STEPS = 60;

/** (α, β) of α ∇J_1 + β ∇J_k from ‖∇J_1‖², ⟨∇J_k, ∇J_1⟩, ‖∇J_k‖²: as in passk_lib.mitigation. */
const COEFFICIENTS = {
  "pass@1": () => [1, 0],
  "pass@k": () => [0, 1],
  mix: (one, cross, k, lam) => [lam, 1 - lam],
  "one-sided": (one, cross) => (cross < 0 ? [-cross / one, 1] : [0, 1]),
  surgery: (one, cross, k) => (cross < 0 ? [1 - cross / one, 1 - cross / k] : [1, 1]),
  "min-norm": (one, cross, k) => {
    if (cross >= one) return [1, 0];
    if (cross >= k) return [0, 1];
    return [(k - cross) / (one + k - 2 * cross), (one - cross) / (one + k - 2 * cross)];
  },
};

// name, label, line; the order is that of Mitigations.methods.
const METHODS = [
  ["pass@1", () => "pass@1 alone", "pk-one"],
  ["pass@k", ({ k }) => `pass@${k} alone`, "pk-many"],
  ["mix", ({ lam }) => `mix, λ = ${num(lam)}`, "pk-ink"],
  ["one-sided", () => "one-sided projection", "pk-easy"],
  ["surgery", () => "symmetric surgery", "pk-hard"],
  ["min-norm", () => "min-norm", "pk-ink pk-dash"],
  ["clipped", ({ ceiling }) => `weights cut at ${num(ceiling, 1)}`, "pk-many pk-dots"],
  ["annealed", ({ k }) => `k from ${k} down to 1`, "pk-many pk-dash"],
];

/** The path of one method: θ, J1 and Jk at every step. */
function path(rule, method, { theta, k, lam, ceiling, length }) {
  const cut = (m, out) => {
    passAtKAt(m, k, out);
    out[1] = Math.min(out[1], ceiling);
  };
  return walk(theta, STEPS, length, (at, i) => {
    const here = rule.at(at, k);
    const { J1, Jk, g1, gk } = here;
    if (method === "clipped") return { J1, Jk, way: rule.under(at, cut).gF };
    if (method === "annealed") {
      const share = Math.min(1, i / (STEPS - 1));
      return { J1, Jk, way: rule.at(at, Math.round(k ** (1 - share))).gk };
    }
    const [alpha, beta] = COEFFICIENTS[method](dot(g1, g1), dot(gk, g1), dot(gk, gk), lam);
    return { J1, Jk, way: [alpha * g1[0] + beta * gk[0], alpha * g1[1] + beta * gk[1]] };
  });
}

export default {
  title: "What helps, at equal step length.",
  lead:
    "From one start, every method takes the same number of steps of the same length. Right of the upright " +
    "line pass@1 has gained, left of it pass@1 has paid. Look which methods never go left, and what they give up in " +
    "pass@k for it. Then drag the start out of the hatched region: where nothing conflicts, what is the projection?",
  keys: ["method", "theta", "k", "lam", "ceiling", "delta", "p_hard", "length", "step"],
  presets: [
    { label: "A start without conflict", state: { theta: [2, -2] } },
    { label: "k = 100: conflict on the way", state: { k: 100 } },
    { label: "Mix with a little pass@1", state: { method: "mix", lam: 0.1 } },
  ],

  build(figure) {
    const controls = h("div", { class: "pk-controls" });
    figure.column(1, 260).append(controls);
    figure.choice(controls, {
      key: "method",
      label: "In words",
      options: [
        ["pass@1", "pass@1"], ["pass@k", (s) => `pass@${s.k}`], ["mix", "mix"], ["one-sided", "one-sided"],
        ["surgery", "surgery"], ["min-norm", "min-norm"], ["clipped", "clipped"], ["annealed", "annealed"],
      ],
    });
    const three = h("div", { class: "pk-two pk-three" });
    controls.append(three);
    figure.slider(three, { key: "k", label: "k, attempts", values: K_VALUES.filter((k) => k > 1), entry: true });
    // A number that only one method has brings that method into the words.
    figure.slider(three, { key: "lam", label: "λ of the mix", min: 0, max: 1, step: 0.01, set: (lam) => ({ lam, method: "mix" }) });
    figure.slider(three, {
      key: "ceiling", label: "largest weight, clipped", values: Array.from({ length: 81 }, (_, i) => +(0.1 * 10 ** (i / 20)).toPrecision(3)),
      format: short, set: (ceiling) => ({ ceiling, method: "clipped" }),
    });
    figure.slider(three, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    figure.slider(three, { key: "p_hard", label: "share of hard prompts", min: 0.05, max: 0.95, step: 0.01 });
    figure.slider(three, { key: "length", label: "length of a step", min: 0.01, max: 0.2, step: 0.01 });

    figure.row();
    const left = figure.column(6, 300);
    const plane = new Plane(figure, left);
    const right = figure.column(6, 300);
    const pareto = figure.panel(right, {
      label: "pass@1 and pass@k along the paths",
      height: (width) => Math.min(400, 0.9 * width),
      margin: { left: 48, right: 16, top: 24, bottom: 36 },
    });
    figure.steps(right, STEPS);
    const key = h("div", { class: "pk-key" });
    left.append(key);
    key.innerHTML =
      '<span><i class="pk-swatch pk-swatch-one"></i>contours of J₁</span>' +
      '<span><i class="pk-swatch pk-swatch-conflict"></i>conflict: ⟨∇J₁, ∇Jₖ⟩ &lt; 0</span><span>digits: the rows of the table</span>';
    figure.row();
    const fill = figure.table(figure.column(1, 260), "After the steps shown", ["method", "pass@1", "its lowest", "pass@k"]);

    return (state) => {
      const { method, theta, k, lam, ceiling, delta, p_hard: pHard, length, step } = state;
      plane.draw(state, { k, shown: "J_1", conflict: k > 1 });
      const { exact, rule } = plane.prompts(state);
      const here = exact.at(theta, k);
      const own = { mix: lam, clipped: ceiling };
      const paths = METHODS.map(([name]) =>
        plane.memo(name, [theta, k, delta, pHard, length, plane.detail, own[name]], () => path(rule, name, state)));

      const chosen = METHODS.findIndex(([name]) => name === method);
      drawPaths(plane.panel, paths, chosen, step, (p) => p.theta, theta);
      const angle = plane.gradients(theta, here.g1, here.gk, `∇J${sub(k)}`);
      drawPareto(pareto, paths, chosen, step, here, state);

      const ends = paths.map((points) => [points[step].J1, points[step].Jk]);
      const lowest = paths.map((points) => Math.min(...points.slice(0, step + 1).map((p) => p.J1)));
      fill(METHODS.map(([, label], i) => [
        `${i + 1} ${label(state)}`, fixed(ends[i][0], 3), fixed(lowest[i], 3), fixed(ends[i][1], 3),
      ]));

      const [one, cross, many] = [dot(here.g1, here.g1), dot(here.gk, here.g1), dot(here.gk, here.gk)];
      const numbers = {
        one_sq: one, inner: cross, k_sq: many, cosine: one * many > 0 ? angle.cosine : null,
        no_loss: cross < 0 ? -cross / (one - cross) : 0, J_1: here.J1, J_k: here.Jk, ends,
        lowest: lowest[chosen], theta_end: paths[chosen][step].theta,
      };
      const name = METHODS[chosen][1](state);
      const [end1, endK] = ends[chosen];
      const verdict = numbers.cosine === null ? "have no angle, for one vanishes"
        : `have cosine ${num(numbers.cosine)}: ${cross < 0 ? `conflict, and a mix needs λ of at least ${num(numbers.no_loss)} to lose no pass@1 to first order` : "no conflict"}`;
      const say =
        `At θ = (${num(theta[0])}, ${num(theta[1])}) the gradients of pass@1 and pass@${k} ${verdict}. ` +
        `${step} steps of length ${num(length)} by ${name} take pass@1 from ${num(here.J1, 3)} to ${num(end1, 3)} ` +
        `(${signed(end1 - here.J1)}, lowest on the way ${num(lowest[chosen], 3)}) and pass@${k} from ${num(here.Jk, 3)} to ` +
        `${num(endK, 3)} (${signed(endK - here.Jk)}). Pass@${k} alone: ${num(ends[1][0], 3)} and ${num(ends[1][1], 3)}.`;
      return { say, numbers };
    };
  },
};

/** All paths up to the step shown, the chosen one on top and thick, with the methods' digits at their ends. */
function drawPaths(panel, paths, chosen, step, place, start) {
  const used = [[panel.x(start[0]), panel.y(start[1])]];
  const order = METHODS.map((_, i) => i).sort((i, j) => (i === chosen) - (j === chosen));
  for (const i of order) {
    const [name, , look] = METHODS[i];
    const points = paths[i].slice(0, step + 1).map(place);
    const [xs, ys] = [0, 1].map((axis) => points.map((p) => p[axis]));
    const thick = i === chosen;
    panel.curve(name, xs, ys, `pk-line ${look} ${thick ? "pk-trail" : "pk-thin"}`);
    panel.dot(`end of ${name}`, xs[step], ys[step], thick ? 5 : 3.2, `pk-fill ${look.split(" ")[0]}`);
    const [u, v] = [panel.x(xs[step]), panel.y(ys[step])];
    // A digit moves on until it does not lie on another.
    const spots = [[11, 4], [-11, 4], [0, -9], [0, 17], [20, 4], [-20, 4], [12, -9], [-12, 17]].map(([a, b]) => [u + a, v + b]);
    const free = spots.find(([a, b]) => a > 4 && a < panel.width - 4 && b > 8 && b < panel.height &&
      used.every(([p, q]) => Math.abs(a - p) > 9 || Math.abs(b - q) > 12));
    const seen = u > 0 && u < panel.width && v > 0 && v < panel.height;
    const [a, b] = free ?? spots[0];
    if (seen) used.push([a, b]);
    panel.word(`digit-${i}`, seen ? String(i + 1) : "", a, b, "middle", `pk-small pk-bold ${look.split(" ")[0]}`);
  }
}

function drawPareto(panel, paths, chosen, step, here, state) {
  const spread = (name) => {
    const values = paths.flatMap((points) => points.map((p) => p[name]));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = 0.07 * (high - low) || 0.01;
    return [low - room, high + room];
  };
  const x = scaleLinear(spread("J1"), [0, panel.width]);
  const y = scaleLinear(spread("Jk"), [panel.height, 0]);
  panel.drawAxes({ x, y, xTicks: 5, yTicks: 5, xName: "pass@1" });
  panel.word("title", `pass@${state.k} against pass@1`, 0, -10, "start", "pk-bold");
  const u = x(here.J1);
  panel.region(`M0,0H${u}V${panel.height}H0Z`);
  panel.path("start", `M${u},0V${panel.height}`, "pk-line pk-thin pk-ink");
  panel.word("less", u > 70 ? "pass@1 lost" : "", u - 6, panel.height - 6, "end", "pk-small");
  panel.word("more", panel.width - u > 80 ? "pass@1 gained" : "", u + 6, panel.height - 6, "start", "pk-small");
  drawPaths(panel, paths, chosen, step, (p) => [p.J1, p.Jk], [here.J1, here.Jk]);
  panel.dot("start", here.J1, here.Jk, 6, "pk-rule", panel.top);
}
