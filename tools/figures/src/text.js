// Numbers and mathematics in plain text.

const SUPER = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** Digits below the line: sub(10) = "₁₀". */
export const sub = (n) => String(n).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);

/** Digits above the line. */
export const sup = (n) => String(n).replace(/[-\d]/g, (d) => SUPER[d]);

/** A number with a true minus sign and `digits` decimals; very small or large ones as a·10ⁿ. */
export function num(x, digits = 2) {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "undefined";
  const size = Math.abs(x);
  if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e5)) return scientific(x, 1);
  return fixed(x, digits);
}

/** A number with exactly `digits` decimals; no "−0.00". */
export function fixed(x, digits) {
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function scientific(x, digits = 1) {
  if (x === 0) return "0";
  const [mantissa, power] = Math.abs(x).toExponential(digits).split("e");
  return `${x < 0 ? "−" : ""}${mantissa}·10${sup(Number(power))}`;
}

/** `digits` significant digits, without a power of ten where it can be helped. */
export function short(x, digits = 3) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e5) return scientific(x, digits - 1);
  return fixed(x, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

export const percent = (x, digits = 0) => `${fixed(100 * x, digits)} %`;

/** +0.03, −0.02: a change. */
export const signed = (x, digits = 3) => (x > 0 ? "+" : "") + num(x, digits);

/** A joined path through points; `xs` and `ys` in pixels, kept to a tenth. */
export function line(xs, ys) {
  let path = "";
  for (let i = 0; i < xs.length; i++) path += `${i ? "L" : "M"}${Math.round(10 * xs[i]) / 10},${Math.round(10 * ys[i]) / 10}`;
  return path;
}

/** Rows of cells as CSV; what is undefined, null or no number is an empty cell. */
export function csv(rows) {
  const cell = (value) => {
    const text = value == null || Number.isNaN(value) ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}
