"""Figures of post-training: curves over steps, and runs in the plane of pass@1 and pass@k."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ..figures import EASY, HARD, INK, PASS1, PASSK, styled
from .posttrain import Curves

_KINDS = (("all", INK, "-"), ("easy", EASY, "--"), ("hard", HARD, ":"))


def _band(ax, at, curve, **how) -> None:
    """The mean over seeds, and from the lowest to the highest of them."""
    if len(curve) > 1:
        ax.fill_between(at, curve.min(0), curve.max(0), color=how["color"], alpha=0.2, lw=0)
    ax.plot(at, curve.mean(0), **how)


@styled
def curves_figure(run: Curves) -> Figure:
    """pass@1 and pass@k on held-out prompts over the steps: all, easy and hard prompts.

    Lines are means over seeds, bands reach from the lowest seed to the highest.
    """
    k = run.settings.k
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), sharey=True)
    for ax, j in zip(axes, (1, k), strict=True):
        for kind, color, line in _KINDS:
            _band(ax, run.at, run.curve(j, kind), color=color, ls=line, label=kind)
        ax.set(title=f"pass@{j}", xlabel=f"steps of {run.settings.objective}", ylim=(-0.02, 1.02))
    axes[0].set_ylabel("held-out prompts")
    axes[1].legend(loc="lower right")
    return fig


@styled
def compared_figure(runs: Mapping[str, Curves]) -> Figure:
    """pass@1 and pass@k of all held-out prompts over the steps, one line a run.

    runs: by label, at most five; lines differ in colour and in pattern.
    """
    styles = [(PASSK, "-"), (PASS1, "--"), (INK, ":"), (EASY, "-."), (HARD, (0, (5, 1, 1, 1)))]
    if len(runs) > len(styles):
        raise ValueError(f"runs: {len(runs)} are too many for one figure; at most {len(styles)}")
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
    for (label, run), (color, line) in zip(runs.items(), styles, strict=False):
        for ax, j in zip(axes, (1, run.settings.k), strict=True):
            _band(ax, run.at, run.curve(j), color=color, ls=line, label=label)
            ax.set(title=f"pass@{j}", xlabel="steps")
    axes[0].set_ylabel("held-out prompts")
    axes[0].legend(fontsize=9)
    return fig


@styled
def pareto_figure(runs: Mapping[str, Curves]) -> Figure:
    """Paths of runs in the plane of held-out pass@1 and pass@k, from their common start.

    A line is the mean over seeds; its marker is the end, with a bar for the seeds' range.
    """
    markers = "os^Dv*PX<>ph"
    fig, ax = plt.subplots(figsize=(8.6, 5.2))
    colors = plt.get_cmap("viridis")
    for i, (label, run) in enumerate(runs.items()):
        k = run.settings.k
        one, many = run.curve(1), run.curve(k)
        color = {"pass@1": PASS1, f"pass@{k}": PASSK}.get(
            label, colors(i / max(1, len(runs) - 1) * 0.85)
        )
        x, y = one.mean(0), many.mean(0)
        ax.plot(x, y, color=color, lw=1.2, alpha=0.8)
        spread = [[x[-1] - one[:, -1].min()], [one[:, -1].max() - x[-1]]]
        up = [[y[-1] - many[:, -1].min()], [many[:, -1].max() - y[-1]]]
        ax.errorbar(
            x[-1], y[-1], up, spread, fmt=markers[i % len(markers)], color=color, ms=8, label=label
        )
    ax.plot(x[0], y[0], "+", color=INK, ms=14, mew=2, label="start")
    ax.set(xlabel="pass@1, held-out prompts", ylabel=f"pass@{k}, held-out prompts")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=10)
    return fig
