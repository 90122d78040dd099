// A live figure as it stands. As one SVG file: its drawings side by side as they are on the page,
// with the styles that the page gives them written into the file. As CSV: its settings, its numbers
// and the points that it draws; where no figure has come, the link leads to its opening state.
document.addEventListener("click", (event) => {
  const wanted = event.target.closest?.("button.live-svg, a.live-csv");
  const figure = wanted?.closest(".cell_output")?.querySelector(".pk");
  if (!figure) return;
  event.preventDefault();
  if (wanted.matches("a")) save(figure.figure.csv(), "text/csv", "figure.csv");
  else save(drawing(figure), "image/svg+xml", "figure.svg");
});

function save(text, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const STYLES = [
  "color", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
  "stroke-linecap", "stroke-linejoin", "opacity", "visibility", "display", "font-family", "font-size", "font-weight",
  "font-style", "text-anchor", "dominant-baseline", "paint-order", "vector-effect", "clip-path", "mix-blend-mode",
];

function drawing(figure) {
  const SVG = "http://www.w3.org/2000/svg";
  const sheet = document.createElementNS(SVG, "svg");
  const pieces = [...figure.querySelectorAll("svg")].filter(
    (one) => !one.parentElement.closest("svg") && one.getBoundingClientRect().width > 40,
  );
  const places = pieces.map((one) => one.getBoundingClientRect());
  const left = Math.min(...places.map((one) => one.left));
  const top = Math.min(...places.map((one) => one.top));
  const width = Math.max(...places.map((one) => one.right)) - left;
  const height = Math.max(...places.map((one) => one.bottom)) - top;
  sheet.setAttribute("xmlns", SVG);
  sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
  sheet.setAttribute("width", width);
  sheet.setAttribute("height", height);
  const paper = document.createElementNS(SVG, "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", background(figure));
  sheet.append(paper);
  pieces.forEach((piece, index) => {
    const copy = withStyles(piece);
    copy.setAttribute("x", places[index].left - left);
    copy.setAttribute("y", places[index].top - top);
    copy.setAttribute("width", places[index].width);
    copy.setAttribute("height", places[index].height);
    sheet.append(copy);
  });
  return new XMLSerializer().serializeToString(sheet);
}

function background(element) {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)" && colour !== "transparent") return colour;
  }
  return "white";
}

function withStyles(original) {
  const copy = original.cloneNode(true);
  const from = [original, ...original.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, index) => {
    const style = getComputedStyle(element);
    to[index].removeAttribute("class");
    // Addresses of gradients and clips are those of the page; in the file they are its own.
    to[index].setAttribute("style", STYLES.map((name) => `${name}:${style.getPropertyValue(name).replaceAll(/url\("[^"#]*#/g, 'url("#')}`).join(";"));
  });
  return copy;
}
