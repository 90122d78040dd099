"""The book's figures: one style, fixed colours, and the static figures of the paper's toy.

A colour means one thing throughout the book. The palette is Okabe and Ito's (2008), which readers
with the common forms of colour blindness can tell apart; where two groups meet in one figure they
also differ in marker or line style, so that nothing hangs on colour alone.

Every function takes a field, a report or plain arrays, draws, and returns a Matplotlib ``Figure``.
None of them computes a result: what is drawn was computed by the library and can be read there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

PASS1 = "#0072B2"  # blue: the pass@1 objective and its gradient
PASSK = "#D55E00"  # vermillion: the pass@k objective and its gradient
EASY = "#009E73"  # green: easy prompts
HARD = "#AA4499"  # purple: hard prompts
CONFLICT = "#8C8C8C"  # grey: the region where the two gradients conflict
INK = "#222222"

# Blue for negative, red for positive: the sense of the paper's Figure 2.
DIVERGING = "RdBu_r"

_STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 220,
    "figure.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "mathtext.fontset": "cm",
}


def style() -> AbstractContextManager:
    """The book's Matplotlib settings, as a context: ``with style(): fig, ax = plt.subplots()``."""
    return mpl.rc_context(_STYLE)  # type: ignore[arg-type]


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Make ``draw`` run in the book's style, and keep notebooks from showing its figure twice."""

    @wraps(draw)
    def wrapper(*args, **kwargs):
        with style():
            figure = draw(*args, **kwargs)
        plt.close(figure)  # the figure lives on; only pyplot's automatic display lets go of it
        return figure

    return wrapper


@styled
def curves(
    x: np.ndarray,
    series: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    ylabel: str,
    colors: Sequence[str] | None = None,
    styles: Sequence[str] | None = None,
    logx: bool = False,
    logy: bool = False,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Several curves over one axis, with their names to the right.

    ``x``: (points,). ``series``: label -> (points,). ``colors`` and Matplotlib's line ``styles``
    are given per series; the default runs through one palette from light to dark, for a family
    indexed by k. ``ylim``: the ends of the vertical axis.

    >>> from passk_lib import pass_at_k
    >>> p = np.linspace(0, 1, 101)
    >>> family = {f"k = {k}": pass_at_k(p, k) for k in (1, 2, 8)}
    >>> fig = curves(p, family, xlabel="$p$", ylabel="pass@k")
    >>> [line.get_label() for line in fig.axes[0].lines]
    ['k = 1', 'k = 2', 'k = 8']
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    labels = list(series)
    if colors is None:
        colors = [plt.get_cmap("viridis_r")(t) for t in np.linspace(0.3, 0.95, len(labels))]
    styles = styles or ["-"] * len(labels)
    for label, color, line in zip(labels, colors, styles, strict=True):
        ax.plot(x, series[label], line, color=color, label=label)
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    if ylim:
        ax.set_ylim(*ylim)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


@styled
def trajectory(
    steps: np.ndarray,
    pass1: Mapping[str, np.ndarray],
    passk: Mapping[str, np.ndarray],
    k: int,
) -> Figure:
    """Pass@1 and pass@k along an ascent (the paper's Figure 5).

    ``steps``: (points,). ``pass1`` and ``passk`` map "all", "easy" and "hard" to (points,) arrays
    in [0, 1]; groups that are absent are not drawn.
    """
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), sharey=True)
    look = {"all": ("-", None), "easy": ("--", EASY), "hard": (":", HARD)}
    for ax, data, name, color in (
        (axes[0], pass1, "pass@1", PASS1),
        (axes[1], passk, f"pass@{k}", PASSK),
    ):
        for group, values in data.items():
            line, own = look[group]
            ax.plot(steps, values, line, color=own or color, label=f"{name}, {group}")
        ax.set(xlabel="gradient step", title=name, ylim=(0, 1.02))
        ax.legend(loc="lower right", fontsize=9)
    axes[0].set_ylabel("probability of success")
    return fig


@styled
def kernel_heatmap(cosines: np.ndarray, hard: np.ndarray, feature: np.ndarray) -> Figure:
    """Cosine kernel of a subsample of prompts, easy ones first (the paper's Figure 2).

    ``cosines``: (prompts, prompts) in [-1, 1]. ``hard``: (prompts,) of bool. ``feature``:
    (prompts,), by which prompts are sorted within their label; sorting shows the structure.
    """
    order = np.lexsort((feature, hard))
    easy = int((~hard).sum())
    fig, ax = plt.subplots(figsize=(5.8, 4.8))
    image = ax.imshow(
        cosines[np.ix_(order, order)], cmap=DIVERGING, vmin=-1, vmax=1, interpolation="nearest"
    )
    ax.axhline(easy - 0.5, color=INK, linewidth=1)
    ax.axvline(easy - 0.5, color=INK, linewidth=1)
    middle = [(easy - 1) / 2, easy + (len(hard) - easy - 1) / 2]
    names = [f"easy ({easy}), by $s$ →", f"hard ({len(hard) - easy}), by $s$ →"]
    ax.set_xticks(middle, names)
    ax.set_yticks(
        middle, [f"easy ({easy})", f"hard ({len(hard) - easy})"], rotation=90, va="center"
    )
    ax.tick_params(length=0)
    ax.grid(False)
    bar = fig.colorbar(image, ax=ax, shrink=0.9)
    bar.set_label(r"cosine of $\nabla p_\theta(x)$ and $\nabla p_\theta(x')$")
    return fig


@styled
def arrows(
    vectors: Mapping[str, np.ndarray],
    colors: Mapping[str, str],
    *,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Vectors of R² drawn from the origin, with true angles, each with its name at its tip.

    ``vectors``: name -> (2,). Names stand above and below the tips in turn, so that the names of
    neighbouring arrows do not meet.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.2))
    tips = np.array(list(vectors.values()), dtype=float)
    reach = np.abs(tips).max()
    for i, (name, tip) in enumerate(zip(vectors, tips, strict=True)):
        ax.annotate(
            "",
            xy=tuple(tip),
            xytext=(0, 0),
            arrowprops={"arrowstyle": "-|>", "color": colors[name], "linewidth": 2.4},
        )
        ax.annotate(
            name,
            xy=tuple(tip),
            xytext=(0, -13 if i % 2 else 13),
            textcoords="offset points",
            color=colors[name],
            ha="center",
            va="center",
            fontsize=13,
        )
    low, high = min(0, tips[:, 1].min()), max(0, tips[:, 1].max())
    ax.set(xlim=(-1.25 * reach, 1.25 * reach), xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(low - 0.3 * reach, high + 0.3 * reach)
    ax.set_aspect("equal")
    ax.axhline(0, color="#BBBBBB", linewidth=1)
    ax.axvline(0, color="#BBBBBB", linewidth=1)
    return fig


@styled
def conflict_map(
    grid: np.ndarray,
    pass1: np.ndarray,
    passk: np.ndarray,
    inner: np.ndarray,
    k: int,
    *,
    paths: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """Contours of J_1 and J_k over θ in R², the conflict region shaded (the paper's Figure 3).

    ``grid``: (points,), the coordinates of both axes. ``pass1``, ``passk``, ``inner``:
    (points, points), indexed [θ_2, θ_1]; ``inner`` is ⟨∇J_k, ∇J_1⟩. ``paths``: "pass@1" or
    "pass@k" -> (steps, 2), ascents to lay over the map.
    """
    fig, axes = plt.subplots(1, 2, figsize=(9.2, 4.4), sharey=True)
    for ax, values, name, cmap in (
        (axes[0], pass1, "$J_1$", "Blues"),
        (axes[1], passk, f"$J_{{{k}}}$", "Oranges"),
    ):
        ax.contourf(
            grid,
            grid,
            inner,
            levels=[min(2 * inner.min(), -1e-300), 0],
            colors=[CONFLICT],
            alpha=0.35,
            hatches=["//"],
        )
        lines = ax.contour(grid, grid, values, levels=12, cmap=_dark_half(cmap), linewidths=1.3)
        halo = [patheffects.withStroke(linewidth=4, foreground="white")]
        for text in ax.clabel(lines, fontsize=8, fmt="%.2f"):
            text.set_path_effects(halo)
        for label, path in (paths or {}).items():
            color = PASS1 if label == "pass@1" else PASSK
            text = label.replace("k", str(k)) if label != "pass@1" else label
            ax.plot(path[:, 0], path[:, 1], color=color, linewidth=2.6, path_effects=halo)
            ax.plot(*path[0], "o", color=INK, markersize=6, zorder=3)
            ax.plot(*path[-1], "o", color=color, markersize=7, zorder=3)
            ax.annotate(
                f"{text} ascent",
                path[-1],
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                color=color,
                fontsize=10,
                path_effects=halo,
                zorder=4,
            )
        ax.set(xlabel=r"$\theta_1$", title=f"landscape of {name}; conflict hatched")
        ax.set_aspect("equal")
        ax.grid(False)
    axes[0].set_ylabel(r"$\theta_2$")
    return fig


def _dark_half(name: str) -> ListedColormap:
    """The darker part of a sequential colour map: its light end is invisible on white."""
    return ListedColormap(plt.get_cmap(name)(np.linspace(0.45, 1.0, 128)))


@styled
def agreement_histogram(
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    steps: int,
    k: int,
) -> Figure:
    """Agreement scores before and after pass@k ascent (the paper's Figure 4).

    ``before`` and ``after``: (agreement, mass), each (prompts,). The part left of zero, the
    prompts that are pulled against the average, is hatched. One prompt in a thousand at either
    end is left out of the picture: the tails are long and empty.
    """
    fig, axes = plt.subplots(2, 1, figsize=(6.6, 4.6), sharex=True)
    scores, mass = (np.concatenate(pair) for pair in zip(before, after, strict=True))
    order = np.argsort(scores)
    rank = np.cumsum(mass[order]) / mass.sum()
    low, high = np.interp([0.001, 0.999], rank, scores[order])
    bins = np.linspace(low, high, 61)
    for ax, (scores, mass), title in (
        (axes[0], before, "at the start"),
        (axes[1], after, f"after {steps} steps of pass@{k} ascent"),
    ):
        below = scores < 0
        ax.hist(
            scores[below],
            bins,
            weights=mass[below],
            color=HARD,
            hatch="///",
            edgecolor="white",
            linewidth=0,
            label=r"$a_\theta(x) < 0$",
        )
        ax.hist(
            scores[~below], bins, weights=mass[~below], color=EASY, label=r"$a_\theta(x) \geq 0$"
        )
        ax.axvline(
            float(mass @ scores), color=PASS1, linestyle="--", label=r"mean, $\|\nabla J_1\|^2$"
        )
        ax.set(title=title, ylabel="mass of prompts")
        ax.legend(fontsize=9)
    axes[1].set_xlabel(r"agreement score $a_\theta(x)$")
    return fig


STATUS_LOOK = {
    "proved": (EASY, "o"),
    "checked": (PASS1, "s"),
    "refuted as printed": (PASSK, "X"),
    "cited": (HARD, "D"),
    "defined": ("#777777", "^"),
    "assumed": ("#777777", "v"),
}


@styled
def dependency_graph(
    edges: Sequence[tuple[str, str]], labels: Mapping[str, str], status: Mapping[str, str]
) -> Figure:
    """What rests on what, from the left (rests on nothing) to the right.

    ``edges``: pairs (statement, what it rests on). ``labels``, ``status``: by statement; the
    statuses are the ledger's, shown by colour and by marker.
    """
    layers = _layers(list(labels), edges)
    place = {
        name: (depth, -(row - (len(layer) - 1) / 2))
        for depth, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    height = max(len(layer) for layer in layers)
    fig, ax = plt.subplots(figsize=(1.5 * len(layers) + 1, 0.27 * height + 0.8))
    for above, below in edges:
        (x1, y1), (x0, y0) = place[above], place[below]
        ax.annotate(
            "",
            xy=(x1 - 0.04, y1),
            xytext=(x0 + 0.04, y0),
            zorder=1,
            arrowprops={
                "arrowstyle": "-|>",
                "color": "#BBBBBB",
                "linewidth": 0.7,
                "mutation_scale": 7,
                "connectionstyle": "arc3,rad=0.05",
            },
        )
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for kind, (color, marker) in STATUS_LOOK.items():
        names = [name for name in labels if status[name] == kind]
        if names:
            xs, ys = zip(*(place[name] for name in names), strict=True)
            label = f"{kind} ({len(names)})"
            ax.scatter(xs, ys, c=color, marker=marker, s=42, zorder=2, label=label)
    for name, text in labels.items():
        ax.annotate(
            text,
            place[name],
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            path_effects=halo,
            zorder=3,
        )
    ax.axis("off")
    ax.set_xlim(-0.2, len(layers) - 0.1)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=6, fontsize=9)
    return fig


def _layers(names: list[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Names by the length of the longest chain below them, each layer ordered to cross little."""
    below: dict[str, list[str]] = {name: [] for name in names}
    for above, under in edges:
        below[above].append(under)
    depth: dict[str, int] = {}

    def deep(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((deep(each) for each in below[name]), default=-1)
        return depth[name]

    layers: list[list[str]] = [[] for _ in range(1 + max(map(deep, names)))]
    for name in names:
        layers[depth[name]].append(name)
    row: dict[str, float] = {}
    for layer in layers:
        # A statement stands at the mean height of what it rests on.
        layer.sort(key=lambda name: np.mean([row[each] for each in below[name]] or [0]))
        row |= {name: i - (len(layer) - 1) / 2 for i, name in enumerate(layer)}
    return layers
