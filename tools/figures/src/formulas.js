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

/** Pass@k of the margin m, and its weight F'(p), eq. (3).
 *  out: F, w. */
export function passAtKAt(m, k, out) {
  const c0 = softplus(m);
  out[0] = -Math.expm1(-c0*k);
  out[1] = k*Math.exp(c0*(1 - k));
  return out;
}

/** log p of the margin m, and its weight 1/p.
 *  out: F, w. */
export function logPAt(m, out) {
  const c0 = -m;
  out[0] = -softplus(c0);
  out[1] = Math.exp(c0) + 1;
  return out;
}

/** 2 arcsin √p of the margin m, and its weight 1/√(p (1 - p)).
 *  out: F, w. */
export function arcsinAt(m, out) {
  const c0 = (1/2)*m;
  out[0] = 2*Math.atan(Math.exp(c0));
  out[1] = 2*Math.cosh(c0);
  return out;
}

/** p^a / a of the margin m, and its weight p^(a-1).
 *  out: F, w. */
export function powerAt(m, a, out) {
  const c0 = softplus(-m);
  out[0] = Math.exp(-a*c0)/a;
  out[1] = Math.exp(c0*(1 - a));
  return out;
}

/** Entropic risk log(1 - p + p e^t) / t of the margin m, and its weight; t not 0.
 *  out: F, w. */
export function entropicAt(m, t, out) {
  const c0 = 1/t;
  const c1 = expit(m);
  const c2 = Math.expm1(t);
  out[0] = c0*Math.log1p(c1*c2);
  out[1] = c0*c2/(c1*Math.exp(t) + expit(-m));
  return out;
}

/** p^k of the margin m, and its weight k p^(k-1).
 *  out: F, w. */
export function allCorrectAt(m, k, out) {
  const c0 = softplus(-m);
  out[0] = Math.exp(-c0*k);
  out[1] = k*Math.exp(c0*(1 - k));
  return out;
}

/** The threshold k* of Prop. 4.5 from eps, delta, q, m and G².
 *  out: kStar. */
export function kStar(eps, delta, q, m, G2, out) {
  out[0] = 1 + (Math.log(G2) - Math.log(m) - Math.log(q) + Math.log1p(-q))/(-Math.log1p(-delta) + Math.log1p(-eps));
  return out;
}
