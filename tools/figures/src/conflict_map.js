// The θ plane of the toy: contours of J₁ and J_k, the region where their gradients conflict, and two
// ascents from the point that the reader drags (Figures 3 and 5).

import { contours } from "d3-contour";
import { scaleLinear } from "d3-scale";
import { K_VALUES, clamp, h } from "./kit.js";
import { line, num, signed, sub } from "./text.js";
import { EXACT, Grid, Population, QUICK, cosine, dot, norm } from "./toy.js";

const REACH = 5;
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
    const map = figure.panel(left, {
      label: "Plane of the two parameters",
      height: (width) => width - 42 + 54, // the plotted square, so that angles are true
      margin: { left: 34, right: 8, bottom: 36, top: 18 },
      className: "pk-square",
    });

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
    const row = h("div", { class: "pk-row" });
    controls.append(row);
    figure.player(row, { key: "step", last: () => STEPS });
    figure.slider(row, { key: "step", label: "step", min: 0, max: STEPS, step: 1, format: String });
    figure.slider(controls, { key: "eta", label: "step size η", min: 0.1, max: 5, step: 0.1, format: (x) => num(x, 1) });

    figure.row();
    const curves = ["one", "many"].map((name, i) =>
      figure.panel(figure.column(1, 230), {
        label: `${i ? "pass@k" : "pass@1"} along the ascent`,
        height: 150,
        margin: { left: 34, right: 42, top: 22, bottom: 36 },
      }),
    );

    const x = scaleLinear([-REACH, REACH], [0, 1]);
    const y = scaleLinear([-REACH, REACH], [1, 0]);
    thetaHandle(figure, map, x, y, REACH);
    hatch(map, figure.id);

    const grids = { coarse: new Grid(33, REACH), fine: new Grid(61, REACH) };
    const memo = remember();
    let drawn = {};

    return (state) => {
      const { theta, k, delta, p_hard: pHard, eta, step, ascent } = state;
      x.range([0, map.width]);
      y.range([map.height, 0]);
      manyName.textContent = `J${sub(k)}, pass@${k}`;

      const detail = figure.fine ? "fine" : "coarse";
      const mark = [k, delta, pHard, map.width, state.contours].join();
      if (drawn.mark !== mark || (figure.fine && !drawn.fine)) {
        const tables = grids[detail].compute(delta, pHard, k);
        drawMap(map, grids[detail], tables, { shown: state.contours, conflict: k > 1 }, x, y);
        drawn = { mark, fine: figure.fine };
      }
      map.drawAxes({ x, y, xName: "θ₁", yName: "θ₂", grid: false, xTicks: 6, yTicks: 6 });

      const exact = memo("exact", [delta, pHard], () => new Population(delta, pHard, EXACT));
      const quick = memo("quick", [delta, pHard], () => new Population(delta, pHard, QUICK));
      const here = exact.at(theta, k);
      const setting = [theta, k, delta, pHard, eta, detail];
      const rule = figure.fine ? exact : quick;
      const paths = {
        "pass@k": memo("many", setting, () => rule.ascend(theta, k, eta, STEPS, "pass@k")),
        "pass@1": memo("one", setting, () => rule.ascend(theta, k, eta, STEPS, "pass@1")),
      };
      for (const [name, color] of [["pass@1", "pk-one"], ["pass@k", "pk-many"]]) {
        const xs = paths[name].map((p) => x(p.theta[0]));
        const ys = paths[name].map((p) => y(p.theta[1]));
        const chosen = name === ascent;
        map.path(`trail-${color}`, line(xs, ys, chosen ? step + 1 : STEPS + 1),
          `pk-line ${color} ${chosen ? "pk-trail" : "pk-trail pk-faint"}`);
        const end = chosen ? step : STEPS;
        map.one("circle", `end-${color}`).attr("class", `pk-fill ${color} ${chosen ? "" : "pk-faint"}`)
          .attr("r", 4.5).attr("cx", xs[end]).attr("cy", ys[end]);
      }
      const angle = drawArrows(map, here, x(theta[0]), y(theta[1]), k);
      // A contour's number gives way to the name of an arrow.
      map.one("g", "labels").selectAll("text").attr("opacity", (l) =>
        angle.names.some(([u, v]) => Math.abs(u - l.u) < 38 && Math.abs(v - l.v) < 16) ? 0 : 1);

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

/** The point θ on a map of the plane: dragged, moved by keys, or brought by a click. */
export function thetaHandle(figure, map, x, y, reach) {
  const inside = (point) => ({ theta: point.map((t) => +clamp(t, -reach, reach).toFixed(3)) });
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

/** memo(name, inputs, make): what `make` gave for these inputs, made anew when they change. */
export function remember() {
  const kept = {};
  return (name, inputs, make) => {
    const mark = JSON.stringify(inputs);
    if (kept[name]?.mark !== mark) kept[name] = { mark, value: make() };
    return kept[name].value;
  };
}

export function hatch(panel, id) {
  const pattern = panel.svg.append("defs").append("pattern").attr("id", `${id}-hatch`)
    .attr("width", 7).attr("height", 7).attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("line").attr("class", "pk-hatch").attr("x1", 0).attr("x2", 0).attr("y1", 0).attr("y2", 7);
}

/** Contours and the conflict region from what the grid computed; `conflict` false draws no region. */
export function drawMap(panel, grid, { J1, Jk, cos }, { shown, conflict }, x, y) {
  const { n, h: size, low } = grid;
  const trace = contours().size([n, n]);
  const px = (c) => x(low + (c - 0.5) * size);
  const py = (c) => y(low + (c - 0.5) * size);
  const outline = (shape) => {
    let d = "";
    for (const polygon of shape.coordinates) {
      for (const ring of polygon) {
        for (let i = 0; i < ring.length; i++) d += `${i ? "L" : "M"}${px(ring[i][0]).toFixed(1)},${py(ring[i][1]).toFixed(1)}`;
        d += "Z";
      }
    }
    return d;
  };
  // At k = 1 the product is a square: no conflict, whatever rounding says.
  const region = !conflict ? "" : outline(trace.contour(cos.map((v) => -v), 0));
  panel.path("region", region, "pk-conflict");
  panel.path("hatch", region, "").attr("fill", `url(#${panel.figure.id}-hatch)`).attr("opacity", 0.6);
  panel.path("edge", region, "pk-edge");
  const labels = [];
  for (const [name, values, color, at] of [["J_1", J1, "pk-one", -0.93], ["J_k", Jk, "pk-many", 0.93]]) {
    const shapes = shown === "both" || shown === name ? levels(values).map((level) => trace.contour(values, level)) : [];
    panel.path(`contours-${name}`, shapes.map(outline).join(""), `pk-line pk-contour ${color}`);
    for (const shape of shapes) label(shape, color, at);
  }
  drawLabels(panel, labels);

  /** One number per contour, near the top for J_k and near the bottom for J_1. */
  function label(shape, color, share) {
    const wanted = y(share * REACH);
    let best = null;
    for (const polygon of shape.coordinates) {
      for (const ring of polygon) {
        for (const [cx, cy] of ring) {
          const [u, v] = [px(cx), py(cy)];
          if (u < 18 || v < 10 || u > panel.width - 18 || v > panel.height - 10) continue;
          const distance = Math.abs(v - wanted);
          if (!best || distance < best.distance) best = { u, v, distance };
        }
      }
    }
    if (!best || labels.some((l) => Math.abs(l.u - best.u) < 34 && Math.abs(l.v - best.v) < 15)) return;
    labels.push({ ...best, color, text: String(+shape.value.toFixed(4)).replace("-", "−") });
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
export function drawArrows(panel, { g1, gk }, cx, cy, k, manyName = `∇J${sub(k)}`) {
  const cos = cosine(g1, gk);
  const reach = Math.min(56, panel.width / 5.5);
  const names = [];
  const ends = [["one", g1, "∇J₁", "pk-one"], ["many", gk, manyName, "pk-many"]].map(([name, g, text, color]) => {
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
  const xs = path.map((_, i) => x(i));
  const series = [
    ["all", path.map((p) => p[all]), `pk-line ${color}`, color],
    ["easy", path.map((p) => p[split][0]), "pk-line pk-dash pk-easy", "pk-easy"],
    ["hard", path.map((p) => p[split][1]), "pk-line pk-dots pk-hard", "pk-hard"],
  ];
  const ends = [];
  for (const [name, values, look, tint] of series) {
    const ys = values.map((v) => y(Number.isFinite(v) ? v : 0));
    panel.path(`${name}-rest`, line(xs, ys), `${look} pk-thin pk-faint`);
    panel.path(name, line(xs, ys, step + 1), look);
    panel.one("circle", `dot-${name}`, panel.top).attr("class", `pk-fill ${tint}`).attr("r", 3).attr("cx", xs[step]).attr("cy", ys[step]);
    ends.push({ name, tint, at: ys[STEPS] });
  }
  spread(ends, 13, 4, panel.height);
  for (const { name, tint, at } of ends) panel.word(`end-${name}`, name, panel.width + 6, at + 4, "start", tint);
}

/** Move labels apart until none is closer than `gap` to the next. */
export function spread(labels, gap, low, high) {
  labels.sort((a, b) => a.at - b.at);
  for (let i = 0; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, i ? labels[i - 1].at + gap : low);
  for (let i = labels.length - 1; i >= 0; i--) {
    labels[i].at = Math.min(labels[i].at, i === labels.length - 1 ? high : labels[i + 1].at - gap);
  }
}
