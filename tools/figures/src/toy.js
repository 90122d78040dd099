// The toy of section 3.2 as a whole population, by the same quadrature rule as
// passk_lib.bandit.Toy.quadrature: the trapezoid rule over each label's Gaussian.

import { prompt, promptAt, promptFail } from "./formulas.js";

/** The rule for every number that is shown, that of the Python library: step and reach in standard deviations. */
export const EXACT = { step: 1 / 16, reach: 10 };
/** While things move: means of success are then within 0.001 on the map. */
export const QUICK = { step: 1 / 3, reach: 6 };
/** For tables over θ with `n` points each way, at rest and while things move. */
export const FINE = { n: 61, step: 1 / 4, reach: 8 };
export const COARSE = { n: 27, ...QUICK };

export class Population {
  /** delta: distance of the feature means; pHard: share of hard prompts; rule: of the quadrature. */
  constructor(delta, pHard, { step, reach } = EXACT) {
    const half = Math.floor(reach / step);
    const n = 2 * half + 1;
    Object.assign(this, { size: 2 * n, half: n, delta, pHard });
    this.feature = new Float64Array(2 * n);
    this.label = new Float64Array(2 * n);
    this.mass = new Float64Array(2 * n);
    const density = Float64Array.from({ length: n }, (_, i) => Math.exp(-((step * (i - half)) ** 2) / 2));
    const total = density.reduce((a, b) => a + b);
    for (let i = 0; i < n; i++) {
      const t = step * (i - half);
      this.feature[i] = t - delta / 2;
      this.feature[n + i] = t + delta / 2;
      this.label[i] = -1;
      this.label[n + i] = 1;
      this.mass[i] = ((1 - pHard) * density[i]) / total;
      this.mass[n + i] = (pHard * density[i]) / total;
    }
    this.share = [1 - pHard, pHard];
  }

  /** Both objectives and gradients at theta; `easy` and `hard` are means within the label. */
  at(theta, k) {
    const out = OUT;
    const r = { J1: 0, Jk: 0, g1: [0, 0], gk: [0, 0], one: [0, 0], many: [0, 0] };
    for (let side = 0; side < 2; side++) {
      let [j1, jk, a1, b1, ak, bk] = [0, 0, 0, 0, 0, 0];
      for (let i = side * this.half; i < (side + 1) * this.half; i++) {
        promptAt(theta[0], theta[1], 1, this.feature[i], this.label[i], k, out);
        const m = this.mass[i];
        j1 += m * out[0];
        jk += m * out[3];
        a1 += m * out[1];
        b1 += m * out[2];
        const mw = m * out[4];
        ak += mw * out[1];
        bk += mw * out[2];
      }
      r.J1 += j1;
      r.Jk += jk;
      r.g1[0] += a1;
      r.g1[1] += b1;
      r.gk[0] += ak;
      r.gk[1] += bk;
      const share = this.share[side];
      r.one[side] = share ? j1 / share : NaN;
      r.many[side] = share ? jk / share : NaN;
    }
    return r;
  }

  /**
   * J_1 and E[F] with their gradients, the mean weight E[F'] and E[F' p], for a transform F of the
   * margin: transform(m, out) writes F and F'.
   */
  under(theta, transform) {
    const { size, feature, label, mass } = this;
    const out = OUT;
    const [t1, t2] = theta;
    let [J1, JF, a1, b1, aF, bF, weight, weighted] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < size; i++) {
      const m = mass[i];
      prompt(t1, t2, 1, feature[i], label[i], out);
      const p = out[0];
      const a = m * out[1];
      const b = m * out[2];
      transform(label[i] * (t1 + t2 * feature[i]), out);
      const w = out[1];
      J1 += m * p;
      JF += m * out[0];
      a1 += a;
      b1 += b;
      aF += w * a;
      bF += w * b;
      weight += m * w;
      weighted += m * w * p;
    }
    return { J1, JF, g1: [a1, b1], gF: [aF, bF], weight, weighted };
  }

  /** Gradient ascent of `steps` steps of size eta on pass@k or pass@1 ("pass@k", "pass@1"). */
  ascend(theta, k, eta, steps, objective) {
    const points = [];
    let at = [...theta];
    for (let i = 0; i <= steps; i++) {
      const here = this.at(at, k);
      points.push({ theta: at, ...here });
      const g = objective === "pass@1" ? here.g1 : here.gk;
      at = [at[0] + eta * g[0], at[1] + eta * g[1]];
    }
    return points;
  }
}

/**
 * `steps` steps of equal `length` from theta: measure(θ) says what is there, its `way` is followed.
 * A way of length 0 stays.
 */
export function walk(theta, steps, length, measure) {
  const points = [];
  let at = [...theta];
  for (let i = 0; i <= steps; i++) {
    const here = measure(at, i);
    points.push({ theta: at, ...here });
    const size = norm(here.way);
    if (size > 0) at = [at[0] + (length / size) * here.way[0], at[1] + (length / size) * here.way[1]];
  }
  return points;
}

const OUT = new Float64Array(6);

export const dot = (u, v) => u[0] * v[0] + u[1] * v[1];
export const norm = (u) => Math.hypot(u[0], u[1]);
export const cosine = (u, v) => Math.max(-1, Math.min(1, dot(u, v) / (norm(u) * norm(v))));

/**
 * J_1, J_k and the cosine of their gradients on a square grid of θ, for drawing.
 *
 * Two facts keep it quick. Easy prompts at (a, b) are what hard prompts are at (-a, b), so one table
 * for the hard ones serves both. And a change of k needs one exponential per node, a change of the
 * share of hard prompts none.
 */
export class Grid {
  /** side: the grid reaches from -side to side; n, step, reach: its points and its quadrature. */
  constructor(side, { n, step, reach }) {
    const h = (2 * side) / (n - 3); // one cell beyond each side, so that no contour ends in sight
    Object.assign(this, { n, h, low: -side - h, step, half: Math.floor(reach / step) });
  }

  /** The parameter at a place counted in cells from the first point. */
  at(cells) {
    return this.low + cells * this.h;
  }

  /** Node values at every grid point for one delta. */
  #prepare(delta) {
    if (this.delta === delta) return;
    this.delta = delta;
    const { n, h, low, step, half } = this;
    const nodes = (this.nodes = 2 * half + 1);
    const density = Float64Array.from({ length: nodes }, (_, i) => Math.exp(-((step * (i - half)) ** 2) / 2));
    const total = density.reduce((a, b) => a + b);
    this.feature = Float64Array.from(density, (_, i) => step * (i - half) + delta / 2);
    this.density = density.map((d) => d / total);
    for (const name of ["logFail", "fail", "slope"]) this[name] ??= new Float32Array(n * n * nodes);
    for (let j = 0, at = 0; j < n; j++) {
      const b = low + j * h;
      for (let i = 0; i < n; i++) {
        const a = low + i * h;
        for (let s = 0; s < nodes; s++, at++) {
          promptFail(a, b, 1, this.feature[s], 1, OUT);
          this.fail[at] = OUT[0] * this.density[s];
          this.logFail[at] = OUT[1];
          this.slope[at] = OUT[2] * this.density[s];
        }
      }
    }
    this.one = this.#table(1);
    this.k = null;
  }

  /** Mean F and its two slopes over hard prompts, at every grid point. */
  #table(k) {
    const { n, nodes, logFail, fail, slope, feature } = this;
    const [F, A, B] = [0, 1, 2].map(() => new Float64Array(n * n));
    for (let point = 0, at = 0; point < n * n; point++) {
      let [f, a, b] = [0, 0, 0];
      for (let s = 0; s < nodes; s++, at++) {
        const power = k === 1 ? 1 : Math.exp((k - 1) * logFail[at]);
        f += power * fail[at];
        const w = power * slope[at];
        a += w;
        b += w * feature[s];
      }
      F[point] = 1 - f;
      A[point] = k * a;
      B[point] = k * b;
    }
    return { F, A, B };
  }

  /** The same for any transform of the margin: transform(m, out) writes F and F'. */
  #transformed(transform) {
    const { n, h, low, nodes, density, slope, feature } = this;
    const [F, A, B] = [0, 1, 2].map(() => new Float64Array(n * n));
    for (let point = 0, at = 0; point < n * n; point++) {
      const [t1, t2] = [low + (point % n) * h, low + Math.floor(point / n) * h];
      let [f, a, b] = [0, 0, 0];
      for (let s = 0; s < nodes; s++, at++) {
        transform(t1 + t2 * feature[s], OUT);
        f += density[s] * OUT[0];
        const w = OUT[1] * slope[at];
        a += w;
        b += w * feature[s];
      }
      F[point] = f;
      A[point] = a;
      B[point] = b;
    }
    return { F, A, B };
  }

  /**
   * J1, Jk and the cosine of their gradients over the grid, row by row from low θ₂, low θ₁ first.
   * The cosine is 1 where a gradient vanishes: nothing conflicts there. With a transform, which k
   * then only names, it is that objective instead of pass@k.
   */
  compute(delta, pHard, k, transform = null) {
    this.#prepare(delta);
    if (this.k !== k) {
      this.many = transform ? this.#transformed(transform) : this.#table(k);
      this.k = k;
    }
    const { n, one, many } = this;
    const [J1, Jk, cos] = [0, 1, 2].map(() => new Float64Array(n * n));
    const easy = 1 - pHard;
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < n; i++) {
        const x = j * n + i;
        const m = j * n + n - 1 - i;
        J1[x] = easy * one.F[m] + pHard * one.F[x];
        Jk[x] = easy * many.F[m] + pHard * many.F[x];
        const [a1, b1] = [pHard * one.A[x] - easy * one.A[m], pHard * one.B[x] + easy * one.B[m]];
        const [ak, bk] = [pHard * many.A[x] - easy * many.A[m], pHard * many.B[x] + easy * many.B[m]];
        const length = Math.hypot(a1, b1) * Math.hypot(ak, bk);
        cos[x] = length > 0 ? (a1 * ak + b1 * bk) / length : 1;
      }
    }
    return { J1, Jk, cos };
  }
}
