"""How MathJax sets the formulas of a page.

- Once: its assistive MathML is for who listens, not one more formula to set.
- Block by block: all formulas of a page in one go take seconds where there are a thousand of them,
  and nothing else can happen meanwhile. What the reader sees comes first, then the page's live
  figures are let through, then the rest follows with pauses.
- A formula in a link is no stop of its own for the Tab key: the link is one already.
- Until it is set, a formula within a line takes about the room that it will take then, not the much
  longer one of its TeX: fewer lines break anew, and the page stays where it is.
"""

import re
from html import unescape

SETTINGS = """
if (window.MathJax) {
  const page = document.documentElement;
  page.dataset.formulas = "unset";
  addEventListener("load", () => MathJax.version || delete page.dataset.formulas);
  const settle = ({ typesetRoot }) => {
    if (typesetRoot?.closest("a[href]")) typesetRoot.removeAttribute("tabindex");
    typesetRoot?.parentElement?.style.removeProperty("--width");
  };
  // After MathJax has attached its menu, which makes a formula a stop, at 170.
  (MathJax.options ??= {}).renderActions = {
    settle: [1000, ({ math }) => [...math].forEach(settle), settle],
  };
  const figureDrawn = () => new Promise((drawn) => {
    if (!document.querySelector(".live-stand-in")) return drawn();
    new PerformanceObserver((marks) => marks.getEntriesByName("passk-figure").length && drawn())
      .observe({ type: "mark", buffered: true });
    setTimeout(drawn, 3000);
  });
  MathJax.startup = { input: ["tex"], async pageReady() {
    const tex = /\\\\[(\\[]|\\\\begin/;
    const blocks = [...document.querySelectorAll(".bd-article section > :not(section)")].filter(
      (block) => block.querySelector(".math") || tex.test(block.textContent));
    const seen = blocks.filter((block) => {
      const { top, bottom } = block.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    await MathJax.typesetPromise(seen);
    await figureDrawn();
    let resumed = performance.now();
    for (const block of blocks) {
      if (seen.includes(block)) continue;
      await MathJax.typesetPromise([block]);
      if (performance.now() - resumed > 12) {
        await new Promise(resume => setTimeout(resume));
        resumed = performance.now();
      }
    }
    await MathJax.typesetPromise();
  } };
}
"""


def add_settings(app, config):
    # After MathJax's own settings (500), which this script adds to.
    app.add_js_file(None, body=SETTINGS, priority=600)


INLINE = re.compile(r'<span class="math notranslate nohighlight">\\\((.*?)\\\)</span>', re.DOTALL)
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S")
# What a sign adds to a line, in em: medians over the formulas of the book.
RELATION, LETTER, NARROW, SMALL = 1.0, 0.6, 0.4, 0.7
RELATIONS = set("=<>+-:") | set(
    r"\le \ge \leq \geq \ne \sim \in \to \mapsto \approx \propto \cdot \times \pm \mid \ll \gg "
    r"\Rightarrow \iff \equiv".split()
)
WORDS = set(r"\log \exp \sin \cos \arcsin \max \min \lim \sup \inf".split())
STYLES = set(
    r"{ } \left \right \big \Big \bigl \bigr \mathcal \mathbb \mathrm \mathbf \operatorname \text "
    r"\tilde \hat \bar \frac \tfrac \dfrac \sqrt \displaystyle \limits \! \, \;".split()
)


def width(tex: str) -> float:
    """About how wide a formula will be within a line, in em."""
    total, small, raised = 0.0, [], False
    for token in TOKEN.findall(tex):
        if token in "^_":
            raised = True
        elif token == "{":
            small.append(raised)
            raised = False
        elif token == "}":
            small = small[:-1]
        elif token not in STYLES:
            if token in WORDS:
                size = LETTER * (len(token) - 1)
            elif token in RELATIONS:
                size = RELATION
            else:
                size = NARROW if token in "()[]|,.;'ijlt" else LETTER
            total += size * (SMALL if raised or any(small) else 1)
            raised = False
    return total


def keep_room(app, pagename, templatename, context, doctree):
    def kept(formula: re.Match) -> str:
        room = f' style="--width: {width(unescape(formula[1])):.1f}em"'
        return formula[0].replace(">", f"{room}>", 1)

    if "body" in context:
        context["body"] = INLINE.sub(kept, context["body"])


def setup(app):
    app.connect("config-inited", add_settings)
    app.connect("html-page-context", keep_room)
