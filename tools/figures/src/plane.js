// The plane of the two parameters, as three figures show it: contours and the region of conflict, the
// point θ to drag, trails of ascents, and at the point both gradients with their angle.

import { contours } from "d3-contour";
import { scaleLinear } from "d3-scale";
import { clamp, remember } from "./kit.js";
import { line, num } from "./text.js";
import { COARSE, EXACT, FINE, Grid, Population, QUICK, cosine, norm } from "./toy.js";

export const REACH = 5;

export class Plane {
  constructor(figure, parent) {
    this.figure = figure;
    this.panel = figure.panel(parent, {
      label: "Plane of the two parameters",
      height: (width) => width - 42 + 54, // the plotted square, so that angles are true
      margin: { left: 34, right: 8, bottom: 36, top: 18 },
      className: "pk-square",
    });
    this.x = scaleLinear([-REACH, REACH], [0, 1]);
    this.y = scaleLinear([-REACH, REACH], [1, 0]);
    this.grids = { coarse: new Grid(REACH, COARSE), fine: new Grid(REACH, FINE) };
    this.memo = remember();
    this.drawn = {};
    thetaHandle(figure, this.panel, this.x, this.y);
  }

  /** "fine" at rest, "coarse" while things move: what is made for one does not serve the other. */
  get detail() {
    return this.figure.fine ? "fine" : "coarse";
  }

  /** The prompts of a state: `exact` for numbers, `rule` for paths, which is quicker while things move. */
  prompts({ delta, p_hard: pHard }) {
    const by = (name, rule) => this.memo(name, [delta, pHard], () => new Population(delta, pHard, rule));
    const exact = by("exact", EXACT);
    return { exact, rule: this.figure.fine ? exact : by("quick", QUICK) };
  }

  /**
   * Axes, the contours that `shown` names ("J_1", "J_k" or "both"), and where the gradients of J_1
   * and J_k conflict. With a transform, which k then only names, it takes the place of pass@k.
   */
  draw({ delta, p_hard: pHard }, { k, shown, conflict, transform }) {
    const { panel, x, y, drawn, figure } = this;
    x.range([0, panel.width]);
    y.range([panel.height, 0]);
    panel.drawAxes({ x, y, xName: "θ₁", yName: "θ₂", grid: false, xTicks: 6, yTicks: 6 });
    const mark = [k, shown, delta, pHard, panel.width].join();
    if (drawn.mark === mark && (drawn.fine || !figure.fine)) return;
    const grid = this.grids[this.detail];
    drawMap(panel, grid, grid.compute(delta, pHard, k, transform), { shown, conflict }, x, y);
    this.drawn = { mark, fine: figure.fine };
  }

  /** A path of points with `theta`, drawn up to its point `end`. */
  trail(name, points, end, color, look) {
    this.panel.curve(name, points.map((p) => p.theta[0]), points.map((p) => p.theta[1]), `pk-line pk-trail ${color} ${look}`, { count: end + 1 });
    this.panel.dot(`end of ${name}`, ...points[end].theta, 4.5, `pk-fill ${color} ${look}`);
  }

  /** Both gradients at θ as directions, and the angle between them; a contour's number gives way to their names. */
  gradients(theta, g1, gk, manyName) {
    const angle = drawArrows(this.panel, g1, gk, this.x(theta[0]), this.y(theta[1]), manyName);
    this.panel.one("g", "labels").selectAll("text").attr("opacity", (l) =>
      angle.names.some(([u, v]) => Math.abs(u - l.u) < 38 && Math.abs(v - l.v) < 16) ? 0 : 1);
    return angle;
  }
}

/** The point θ on a map of the plane: dragged, moved by keys, or brought by a click. */
function thetaHandle(figure, map, x, y) {
  const inside = (point) => ({ theta: point.map((t) => +clamp(t, -REACH, REACH).toFixed(3)) });
  map.handle({
    name: "theta",
    label: "Policy parameters θ",
    at: (state) => state.theta,
    move: (a, b) => inside([a, b]),
    x: () => x,
    y: () => y,
    step: 0.1,
    className: "pk-ink",
    describe: (s) => `θ = (${num(s.theta[0])}, ${num(s.theta[1])})`,
  });
  map.svg.on("click", (event) => {
    if (event.defaultPrevented || event.target.closest(".pk-handle")) return;
    const box = map.svg.node().getBoundingClientRect();
    const [px, py] = [event.clientX - box.left - map.margin.left, event.clientY - box.top - map.margin.top];
    if (px < 0 || py < 0 || px > map.width || py > map.height) return;
    figure.set(inside([x.invert(px), y.invert(py)]));
  });
}

/** Contours and the conflict region from what the grid computed; `conflict` false draws no region. */
function drawMap(panel, grid, { J1, Jk, cos }, { shown, conflict }, x, y) {
  const trace = contours().size([grid.n, grid.n]);
  const [left, across] = [x(grid.at(-0.5)), x(grid.at(1)) - x(grid.at(0))];
  const [bottom, up] = [y(grid.at(-0.5)), y(grid.at(1)) - y(grid.at(0))];
  /** The rings of a shape in pixels, and what of them is in sight remembered in units of θ. */
  const rings = (name, kind, shape, value) => {
    const found = shape.coordinates.flat();
    panel.note(name, kind, () => found.flat().map((at) => at.map((c) => grid.at(c - 0.5)))
      .filter((at) => at.every((t) => Math.abs(t) <= REACH)).map((at) => [...at, value]));
    return found.map((ring) => [ring.map(([c]) => left + c * across), ring.map(([, c]) => bottom + c * up)]);
  };
  const outline = (found) => found.map(([us, vs]) => `${line(us, vs)}Z`).join("");
  // At k = 1 the product is a square: no conflict, whatever rounding says.
  const opposed = conflict ? trace.contour(cos.map((v) => -v), 0) : { coordinates: [] };
  const region = outline(rings("conflict", "area", opposed));
  panel.region(region, 0.6);
  panel.path("edge", region, "pk-edge");
  const labels = [];
  for (const [name, values, color, at] of [["J_1", J1, "pk-one", -0.93], ["J_k", Jk, "pk-many", 0.93]]) {
    panel.forget(`contour of ${name}`);
    let d = "";
    for (const level of shown === "both" || shown === name ? levels(values) : []) {
      const found = rings(`contour of ${name} at ${level}`, "contour", trace.contour(values, level), level);
      d += outline(found);
      label(found, level, color, y(at * REACH));
    }
    panel.path(`contours-${name}`, d, `pk-line pk-contour ${color}`);
  }
  drawLabels(panel, labels);

  /** One number per contour, near the top for J_k and near the bottom for J_1. */
  function label(found, level, color, wanted) {
    let best = null;
    for (const [us, vs] of found) {
      us.forEach((u, i) => {
        const v = vs[i];
        if (u < 18 || v < 10 || u > panel.width - 18 || v > panel.height - 10) return;
        const distance = Math.abs(v - wanted);
        if (!best || distance < best.distance) best = { u, v, distance };
      });
    }
    if (!best || labels.some((l) => Math.abs(l.u - best.u) < 34 && Math.abs(l.v - best.v) < 15)) return;
    labels.push({ ...best, color, text: String(+level.toFixed(4)).replace("-", "−") });
  }
}

/** Eight or so round levels, spread so that they part the plane into equal areas. */
function levels(values) {
  const sorted = Float64Array.from(values).sort();
  const spread = sorted[sorted.length - 1] - sorted[0];
  const digits = spread > 0.25 ? 2 : spread > 0.02 ? 3 : 4;
  const chosen = [0.06, 0.16, 0.28, 0.4, 0.52, 0.64, 0.76, 0.86, 0.95].map(
    (q) => +sorted[Math.floor(q * (sorted.length - 1))].toFixed(digits),
  );
  return [...new Set(chosen)].filter((v) => v > sorted[0] && v < sorted[sorted.length - 1]);
}

function drawLabels(panel, labels) {
  const layer = panel.one("g", "labels");
  layer
    .selectAll("text")
    .data(labels)
    .join("text")
    .attr("class", (l) => `pk-word pk-halo pk-small ${l.color}`)
    .attr("text-anchor", "middle")
    .attr("x", (l) => l.u)
    .attr("y", (l) => l.v + 4)
    .text((l) => l.text);
}

/** Both gradients as directions from θ, with the angle between them. */
function drawArrows(panel, g1, gk, cx, cy, manyName) {
  const cos = cosine(g1, gk);
  const reach = Math.min(56, panel.width / 5.5);
  const names = [];
  const ends = [["gradient of J_1", g1, "∇J₁", "pk-one"], ["gradient of the other", gk, manyName, "pk-many"]].map(([name, g, text, color]) => {
    const size = norm(g);
    const [u, v] = size > 0 ? [g[0] / size, -g[1] / size] : [0, 0];
    panel.arrow(name, cx, cy, cx + reach * u, cy + reach * v, color, 13);
    names.push([cx + (reach + 15) * u, cy + (reach + 13) * v]);
    panel.word(name, size > 0 ? text : "", names.at(-1)[0], names.at(-1)[1] + 4, "middle", `pk-bold ${color}`);
    return Math.atan2(v, u);
  });
  const degrees = (Math.acos(cos) * 180) / Math.PI;
  let turn = ends[1] - ends[0];
  turn -= 2 * Math.PI * Math.round(turn / (2 * Math.PI));
  const r = 26;
  const [a, b] = ends;
  const ok = Number.isFinite(cos) && degrees > 4;
  panel.path("arc", ok
    ? `M${cx + r * Math.cos(a)},${cy + r * Math.sin(a)}A${r},${r} 0 0 ${turn > 0 ? 1 : 0} ${cx + r * Math.cos(b)},${cy + r * Math.sin(b)}`
    : "", "pk-line pk-arc", panel.top);
  const middle = a + turn / 2;
  panel.word("angle", ok ? `${Math.round(degrees)}°` : "", cx + 44 * Math.cos(middle), cy + 44 * Math.sin(middle) + 4, "middle", "pk-bold");
  return { cosine: cos, degrees, names };
}
