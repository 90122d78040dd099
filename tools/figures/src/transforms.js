// The objectives of passk_lib.objectives as transforms of the margin, by the name the figures use.

import { allCorrectAt, arcsinAt, entropicAt, logPAt, passAtKAt, powerAt } from "./formulas.js";
import { num, sup } from "./text.js";

const pass1 = (m, out) => passAtKAt(m, 1, out);

/** name: [transform of a state, its name in words, what it is, which numbers of the state it uses] */
export const TRANSFORMS = {
  "pass@1": [() => pass1, () => "pass@1", () => "F = p", []],
  "pass@k": [({ k }) => (m, out) => passAtKAt(m, k, out), ({ k }) => `pass@${k}`, ({ k }) => `F = 1 − (1 − p)${sup(k)}`, ["k"]],
  "log p": [() => logPAt, () => "log p", () => "F = log p, maximum likelihood", []],
  arcsin: [() => arcsinAt, () => "2 arcsin √p", () => "F = 2 arcsin √p, reward over its standard deviation", []],
  power: [({ a }) => (m, out) => powerAt(m, a, out), ({ a }) => `power ${num(a)}`, () => "F = pᵃ / a, power mean", ["a"]],
  entropic: [
    ({ t }) => (Math.abs(t) < 1e-8 ? pass1 : (m, out) => entropicAt(m, t, out)),
    ({ t }) => `entropic ${num(t, 1)}`,
    () => "F = log(1 − p + p eᵗ) / t, entropic risk",
    ["t"],
  ],
  "pass^k": [({ k }) => (m, out) => allCorrectAt(m, k, out), ({ k }) => `pass^${k}`, ({ k }) => `F = p${sup(k)}, all ${k} correct`, ["k"]],
};

export function chosen(state) {
  const [make, name, about, uses] = TRANSFORMS[state.objective];
  return { transform: make(state), name: name(state), about: about(state), mark: JSON.stringify([state.objective, uses.map((key) => state[key])]) };
}
