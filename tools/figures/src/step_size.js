// ΔJ₁ and ΔJ_k along a step of size η on ∇J_k, against what Prop. 4.6 promises (two prompts).

import { scaleLinear, scaleLog } from "d3-scale";
import { promptAt } from "./formulas.js";
import { K_VALUES, clamp, h } from "./kit.js";
import { line, scientific, short } from "./text.js";
import { dot } from "./toy.js";

const LOW = 1e-5;
const HIGH = 1e3;
const OUT = new Float64Array(6);

/** J_1, J_k, both gradients, and masses, weights and scores of both prompts. */
function field(delta, theta, k) {
  const rows = [[-delta / 2, -1], [delta / 2, 1]].map(([s, label]) => {
    const [p, a, b, F, w] = promptAt(theta[0], theta[1], 1, s, label, k, OUT);
    return { p, g: [a, b], F, w };
  });
  const mean = (f) => (f(rows[0]) + f(rows[1])) / 2;
  const g1 = [0, 1].map((i) => mean((r) => r.g[i]));
  const gk = [0, 1].map((i) => mean((r) => r.w * r.g[i]));
  return { rows, g1, gk, J1: mean((r) => r.p), Jk: mean((r) => r.F) };
}

/** δ(θ) for the best margin at a bound on a; −∞ without opposed prompts. */
function strength(rows, g1, bound) {
  const scores = rows.map((r) => dot(r.g, g1));
  let best = -Infinity;
  for (const m of scores.filter((a) => a < 0).map((a) => -a)) {
    let [inside, outside] = [0, 0];
    rows.forEach((r, i) => (scores[i] <= -m ? (inside += r.w / 2) : (outside += r.w / 2)));
    best = Math.max(best, m * inside - bound * outside);
  }
  return best;
}

export default {
  title: "How long a step still trades pass@1 for pass@k?",
  lead:
    "Drag the step size η. Both curves are per unit of η, so a flat line means that the first order decides. " +
    "Proposition 4.6 promises a fall of pass@1 and a rise of pass@k up to a bound: look at how many times " +
    "longer the step may be before the promise really breaks.",
  keys: ["theta", "k", "delta", "eta"],
  presets: [
    { label: "A long step: η = 80", state: { eta: 80 } },
    { label: "k = 2", state: { k: 2 } },
    { label: "Prompts further apart", state: { delta: 1, k: 30 } },
  ],

  build(figure) {
    const left = figure.column(6, 310);
    const right = figure.column(4, 220);
    const margin = { left: 56, right: 18, top: 40, bottom: 22 };
    const panels = [0, 1].map((i) =>
      figure.panel(left, { label: `Change of ${i ? "pass@k" : "pass@1"} over the step size`, height: i ? 204 : 200, margin: i ? { ...margin, top: 26, bottom: 40 } : margin }),
    );
    const controls = h("div", { class: "pk-controls" });
    right.append(controls);
    const etas = Array.from({ length: 321 }, (_, i) => +(LOW * 10 ** (i / 40)).toPrecision(3));
    figure.slider(controls, { key: "eta", label: "step size η", values: etas, format: (v) => short(v) });
    figure.slider(controls, { key: "k", label: "k, attempts per prompt", values: K_VALUES, entry: true });
    figure.slider(controls, { key: "delta", label: "δ, from easy to hard", min: 0, max: 3, step: 0.05 });
    for (const i of [0, 1]) {
      figure.slider(controls, {
        label: `θ${"₁₂"[i]}`, min: -5, max: 5, step: 0.1, get: (s) => s.theta[i],
        set: (value, s) => ({ theta: s.theta.map((t, j) => (j === i ? value : t)) }),
      });
    }
    right.append(h("p", { class: "pk-note" }, "Hatched: steps that lower pass@1 and raise pass@k. Broken lines: the bounds."));
    const limits = figure.table(right, "The step works up to", ["", "η"]);
    const steps = figure.table(right, "This step", ["", "change", "bound"]);

    const x = scaleLog([LOW, HIGH], [0, 1]);
    // The handles ride on the curves: their height is given, not dragged.
    const marks = [0, 0];
    const onCurve = [0, 1].map((i) => Object.assign(() => marks[i], { invert: (v) => v }));
    panels.forEach((panel, i) =>
      panel.handle({
        name: i ? "eta-k" : "eta", label: "Step size η", axis: "x", className: i ? "pk-many" : "pk-one",
        at: (s) => [s.eta, 0], step: (s) => 0.06 * s.eta, range: [LOW, HIGH],
        move: (eta) => ({ eta: +clamp(eta, LOW, HIGH).toPrecision(4) }),
        x: () => x, y: () => onCurve[i],
        describe: (s) => `η = ${short(s.eta)}`,
      }),
    );

    return ({ theta, k, delta, eta }) => {
      const here = field(delta, theta, k);
      const { rows, g1, gk } = here;
      const inner = dot(g1, gk);
      const square = dot(gk, gk);
      const G2 = (1 + (delta / 2) ** 2) / 4; // largest E‖score‖² and E‖Hessian‖ over all θ
      const L1 = 2 * G2;
      const constants = {
        paper: { bound: G2, C2: (k * k * G2 * L1) / 2, Lk: k * k * G2 + k * G2 },
        sharp: { bound: G2 / 4, C2: (k * G2 * L1) / 8, Lk: k * L1 },
      };
      for (const c of Object.values(constants)) {
        c.delta = strength(rows, g1, c.bound);
        c.step = Math.max(0, Math.min(c.delta / c.C2, 1 / c.Lk));
      }
      const after = (step) => field(delta, [theta[0] + step * gk[0], theta[1] + step * gk[1]], k);
      const works = (step) => {
        const there = after(step);
        return there.J1 < here.J1 && there.Jk > here.Jk;
      };
      const truth = largest(works);
      const there = after(eta);
      const [d1, dk] = [there.J1 - here.J1, there.Jk - here.Jk];

      x.range([0, panels[0].width]);
      const grid = Array.from({ length: 161 }, (_, i) => LOW * 10 ** (i / 20));
      const points = grid.map((step) => [step, after(step)]);
      const { paper, sharp } = constants;
      const lines = [
        ["paper", paper.step, "promised", "pk-dash"],
        ["sharp", sharp.step, "sharper", "pk-dots"],
        ["truth", truth, "true limit", ""],
      ];
      const sides = [
        { value: (f) => f.J1 - here.J1, slope: inner, title: "change of pass@1, per unit of η", color: "pk-one",
          bounds: [["paper", (s) => -paper.delta + paper.C2 * s, paper.step], ["sharp", (s) => -sharp.delta + sharp.C2 * s, sharp.step]] },
        { value: (f) => f.Jk - here.Jk, slope: square, title: `change of pass@${k}, per unit of η`, color: "pk-many",
          bounds: [["paper", () => square / 2, paper.step], ["sharp", () => square / 2, sharp.step]] },
      ];
      sides.forEach((side, i) => {
        const panel = panels[i];
        const ys = points.map(([step, f]) => side.value(f) / step);
        const reach = 1.5 * Math.abs(side.slope) || 1e-9;
        const y = scaleLinear([i ? -0.25 * reach : -reach, i ? reach : 0.6 * reach], [panel.height, 0]);
        panel.drawAxes({
          x, y, xValues: [1e-5, 1e-3, 0.1, 10, 1000], yTicks: 4, yFormat: (v) => (v ? short(v, 2) : "0"),
          xFormat: (v) => ({ 0.00001: "10⁻⁵", 0.001: "10⁻³", 0.1: "0.1", 10: "10", 1000: "1000" })[v],
          xName: i ? "step size η" : null,
        });
        panel.word("title", side.title, -40, i ? -11 : -26, "start", `pk-bold ${side.color}`);
        const good = truth > LOW ? `M0,0H${x(Math.min(truth, HIGH))}V${panel.height}H0Z` : "";
        panel.region(good);
        panel.path("zero", `M0,${y(0)}H${panel.width}`, "pk-line pk-thin pk-ink");
        for (const [name, bound, end] of side.bounds) {
          const part = end > LOW ? grid.filter((s) => s < end).concat(end) : [];
          panel.curve(`bound, ${name}`, part, part.map(bound), `pk-line pk-thin pk-ink ${name === "sharp" ? "pk-dots" : "pk-dash"}`);
        }
        panel.curve("change", grid, ys, `pk-line ${side.color}`);
        lines.forEach(([name, at, text, look], j) => {
          const on = at > LOW && at < HIGH;
          panel.path(`limit-${name}`, on ? `M${x(at)},${i ? 0 : -4}V${panel.height}` : "", `pk-line pk-thin pk-ink ${look}`, panel.top);
          if (!i) panel.word(name, on ? text : "", on ? x(at) : 0, -8, "middle", "pk-small");
        });
        const value = side.value(there) / eta;
        marks[i] = clamp(y(value), 0, panel.height);
      });
      const say1 = (v) => (v > 0 ? `η = ${short(v)}` : "no step");
      limits([
        ["promised by Prop. 4.6", paper.step ? short(paper.step) : "—"],
        ["with sharper constants", sharp.step ? short(sharp.step) : "—"],
        ["in truth", truth ? (truth === Infinity ? "no end" : short(truth)) : "—"],
      ]);
      const within = eta <= sharp.step;
      steps([
        ["pass@1", scientific(d1, 2), within ? `< ${scientific(-eta * sharp.delta + sharp.C2 * eta * eta, 1)}` : "—"],
        [`pass@${k}`, scientific(dk, 2), within ? `≥ ${scientific((eta / 2) * square, 1)}` : "—"],
      ]);
      const numbers = {
        inner, square, delta_paper: Number.isFinite(paper.delta) ? paper.delta : null,
        delta_sharp: Number.isFinite(sharp.delta) ? sharp.delta : null, step_paper: paper.step, step_sharp: sharp.step,
        largest_step: truth, change_1: d1, change_k: dk,
      };
      const verdict = d1 < 0 && dk > 0 ? `pass@1 falls and pass@${k} rises`
        : d1 < 0 ? "both fall" : dk > 0 ? (d1 > 0 ? "both rise" : `only pass@${k} rises`) : `pass@1 rises, pass@${k} falls`;
      const say =
        `A step of η = ${short(eta)} along the gradient of pass@${k} changes pass@1 by ${short(d1)} and pass@${k} by ${short(dk)}: ${verdict}. ` +
        (truth > 0
          ? (paper.step > 0 ? `Promised up to ${say1(paper.step)}, with sharper constants up to ${say1(sharp.step)}` : "Proposition 4.6 promises nothing here") +
            `; true up to ${truth === Infinity ? "any size tried" : say1(truth)}` +
            (paper.step > 0 && truth < Infinity ? `, ${Math.round(truth / paper.step).toLocaleString("en")} times the promise.` : ".")
          : "The gradients do not conflict here: no step, however small, lowers pass@1.");
      return { say, numbers };
    };
  },
};

/** The largest step such that every tried step up to it works; as passk_lib.ascent.largest_step. */
function largest(works) {
  let [good, bad] = [0, 1e-6];
  while (works(bad)) {
    [good, bad] = [bad, 1.1 * bad];
    if (bad > 1e6) return Infinity;
  }
  while (good > 0 && bad - good > 1e-9 * good) {
    const middle = (good + bad) / 2;
    if (works(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
