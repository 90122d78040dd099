// Generated from passk_lib/widgets/formulas.py by `python -m passk_lib.widgets.formulas`:
// do not edit.
// Each function writes its results into `out`, in the order named, and returns it.

/** σ(m) = 1 / (1 + exp(-m)), without overflow. */
export function expit(m) {
  const e = Math.exp(-Math.abs(m));
  return (m >= 0 ? 1 : e) / (1 + e);
}

/** log(1 + exp(m)), without overflow. */
export function softplus(m) {
  return Math.max(m, 0) + Math.log1p(Math.exp(-Math.abs(m)));
}

/** A prompt of the toy, eq. (7), label +1 if hard, -1 if easy: its success probability p and the gradient of p.
 *  out: p, g1, g2. */
export function prompt(theta1, theta2, psi1, psi2, label, out) {
  const c0 = label*(psi1*theta1 + psi2*theta2);
  const c1 = expit(c0);
  const c2 = c1*label*expit(-c0);
  out[0] = c1;
  out[1] = c2*psi1;
  out[2] = c2*psi2;
  return out;
}

/** The same with F = 1 - (1 - p)^k, its weight w = F'(p), eq. (3), and log(1 - p).
 *  out: p, g1, g2, F, w, logFail. */
export function promptAt(theta1, theta2, psi1, psi2, label, k, out) {
  const c0 = label*(psi1*theta1 + psi2*theta2);
  const c1 = expit(c0);
  const c2 = c1*label*expit(-c0);
  const c3 = softplus(c0);
  out[0] = c1;
  out[1] = c2*psi1;
  out[2] = c2*psi2;
  out[3] = -Math.expm1(-c3*k);
  out[4] = k*Math.exp(c3*(1 - k));
  out[5] = -c3;
  return out;
}

/** What a table over θ needs of a prompt: 1 - p, its logarithm, the first slope of p.
 *  out: fail, logFail, g1. */
export function promptFail(theta1, theta2, psi1, psi2, label, out) {
  const c0 = label*(psi1*theta1 + psi2*theta2);
  const c1 = expit(-c0);
  out[0] = c1;
  out[1] = -softplus(c0);
  out[2] = c1*label*psi1*expit(c0);
  return out;
}

/** Pass@k of a success probability, and its weight, eq. (3).
 *  out: F, w. */
export function passAtK(p, k, out) {
  const c0 = Math.log1p(-p);
  out[0] = -Math.expm1(c0*k);
  out[1] = ((k == 1) ? ( 1 ) : ( k*Math.exp(c0*(k - 1)) ));
  return out;
}

/** The threshold k* of Prop. 4.5 from eps, delta, q, m and G².
 *  out: kStar. */
export function kStar(eps, delta, q, m, G2, out) {
  out[0] = 1 + (Math.log(G2) - Math.log(m) - Math.log(q) + Math.log1p(-q))/(-Math.log1p(-delta) + Math.log1p(-eps));
  return out;
}
