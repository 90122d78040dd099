"""The experiment's figures, in the book's style; each draws a `Result` and returns a Figure."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..estimators import plugin_weight
from ..figures import EASY, HARD, INK, PASS1, PASSK, styled
from ..objectives import weight
from .experiment import Result

_KINDS = (("easy", EASY, "o", False), ("hard", HARD, "^", True))


def _hard(result: Result) -> np.ndarray:
    """The task's own labels, else prompts that fail more often than not."""
    return result.success < 0.5 if result.hard is None else result.hard


@styled
def agreement_panels(result: Result, k: int | None = None) -> Figure:
    """Three panels after the paper's Figure 6, the exact values beside the estimates.

    A: agreement score of each prompt, against the others' mean gradient (no prompt compared with
    itself).  B: weight w_k by bin of the sampled pass@1, plug-in.  C: contributions w_k a, with
    the mean of a and the weighted mean E[w a]/E[w].  k: default the largest of the experiment.
    """
    k = max(result.settings.ks) if k is None else k
    hard, success = _hard(result), result.success
    a = result.sampled.agreement_without_self
    w = plugin_weight(result.counts.n, result.counts.c, k)
    order = np.argsort(a)
    place = np.empty(len(a))
    place[order] = np.arange(len(a))
    # Two rows: side by side, three panels are too small to read in a column of text.
    fig, axes = plt.subplot_mosaic("AB;CC", figsize=(8.6, 7.2))
    left, middle, right = axes["A"], axes["B"], axes["C"]

    for kind, color, marker, flag in _KINDS:
        of = hard == flag
        left.plot(place[of], a[of], marker, color=color, ms=3.5, alpha=0.8, label=kind, mew=0)
    if result.has_exact:
        left.plot(place, result.exact_agreement, ".", color=INK, ms=2, alpha=0.6, label="exact")
    left.axhline(0, color=INK, lw=0.8)
    left.set(title="A  agreement by prompt", xlabel="prompts, by estimate", ylabel="$a(x)$")
    left.legend(markerscale=1.6, fontsize=9)

    edges = np.linspace(0, 1, 11)
    bins = np.minimum((success * 10).astype(int), 9)
    used = np.unique(bins)
    middle.bar(
        edges[used] + 0.05,
        [w[bins == b].mean() for b in used],
        0.085,
        color=PASSK,
        label="plug-in, mean of the bin",
    )
    if result.has_exact:
        middle.plot(
            edges[used] + 0.05,
            [weight(result.exact_success[bins == b], k).mean() for b in used],
            "D",
            color=INK,
            ms=4.5,
            label="exact, same prompts",
        )
    middle.set_yscale("symlog", linthresh=1e-6)
    middle.set_ylim(0, None)
    middle.set(
        title=f"B  weights at k = {k}", xlabel="sampled pass@1, $c/n$", ylabel="$w_k$", xlim=(0, 1)
    )
    middle.legend(fontsize=9, loc="upper right")

    for kind, color, marker, flag in _KINDS:
        of = hard == flag
        right.plot(
            place[of], (w * a)[of], marker, color=color, ms=3.5, alpha=0.8, label=kind, mew=0
        )
    lines = [("mean $E[a]$", a.mean(), PASS1, "--")]
    if w.any():  # else every prompt is solved every time, and there is no weighted mean
        lines.append(("weighted mean $E[wa]/E[w]$", w @ a / w.sum(), PASSK, "--"))
    if result.has_exact:
        mass = result.task.mass
        exact_weight = weight(result.population_success, k) * mass
        exact = result.population_agreement
        lines += [
            ("exact mean", mass @ exact, PASS1, ":"),
            ("exact weighted mean", exact_weight @ exact / exact_weight.sum(), PASSK, ":"),
        ]
    for label, height, color, line in lines:
        right.axhline(height, color=color, ls=line, lw=1.6, label=f"{label} = {height:+.3g}")
    right.axhline(0, color=INK, lw=0.8)
    right.set_yscale("symlog", linthresh=max(1e-12, float(np.median(np.abs(a)))))
    right.set(
        title=f"C  contributions at k = {k}",
        xlabel="prompts, by agreement",
        ylabel="$w_k(x)\\,a(x)$",
    )
    right.legend(fontsize=9, loc="lower right")
    return fig


@styled
def inner_products(result: Result, level: float = 0.9) -> Figure:
    """<dJ_k, dJ_1> for every k of the experiment: the estimates and, where known, the truth."""
    ks = np.array(result.settings.ks)
    fig, ax = plt.subplots(figsize=(7.2, 3.9))
    sampled = result.sampled
    known = np.array([k for k in ks if sampled.has_interval(k)])
    if len(known):
        low, high = sampled.interval(known, level).T
        label = f"unbiased, {level:.0%} interval"
        if len(known) == len(ks):
            ax.fill_between(ks, low, high, color=PASSK, alpha=0.18, lw=0, label=label)
        else:
            ax.vlines(known, low, high, color=PASSK, alpha=0.5, lw=2, label=label)
    ax.plot(ks, sampled.inner(ks, "unbiased"), "-", color=PASSK, label="unbiased")
    ax.plot(ks, sampled.inner(ks, "plug-in"), "--", color=PASS1, label="plug-in")
    if result.has_exact:
        ax.plot(ks, result.exact_inner(ks), ":", color=INK, label="exact, whole prompt set")
    ax.axhline(0, color=INK, lw=0.8)
    ax.set(xlabel="$k$", ylabel=r"$\langle\nabla J_k,\nabla J_1\rangle$")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


@styled
def weight_against_agreement(result: Result, k: int | None = None) -> Figure:
    """Weight w_k (plug-in) against agreement score, colour = sampled pass@1: after Figure 7.

    Prompts up and to the left pull pass@k against pass@1.  k: default the largest.
    """
    k = max(result.settings.ks) if k is None else k
    a = result.sampled.agreement_without_self
    w = plugin_weight(result.counts.n, result.counts.c, k)
    hard = _hard(result)
    fig, ax = plt.subplots(figsize=(6.4, 4.2))
    for kind, _, marker, flag in _KINDS:
        of = hard == flag
        points = ax.scatter(
            a[of],
            w[of],
            c=result.success[of],
            marker=marker,
            s=18,
            cmap="cividis",
            vmin=0,
            vmax=1,
            label=kind,
            linewidths=0,
        )
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yscale("symlog", linthresh=1e-6)
    ax.set_ylim(0, None)
    ax.set(xlabel="$a(x)$", ylabel=f"$w_k$, k = {k}")
    ax.legend(loc="upper right")
    fig.colorbar(points, label="sampled pass@1, $c/n$")
    return fig


@styled
def filter_panels(result: Result, pairs=None, k: int | None = None) -> Figure:
    """Contributions w_k a of the prompts that each filter (delta1, delta2) keeps: after Figure 8.

    Scores are against the mean gradient of the filtered prompts, plug-in as in the paper; the
    whole set comes first.  pairs: default the paper's; those that keep fewer than two prompts are
    left out.
    """
    k = max(result.settings.ks) if k is None else k
    everyone = np.ones(len(result.success), dtype=bool)
    parts = [("whole set", everyone, result.sampled)]
    for pair in result.filters if pairs is None else pairs:
        flags = result.filter_flags(*pair)
        if flags.sum() >= 2:
            parts.append(("({:.2f}, {:.2f})".format(*pair), flags, result.filter_part(*pair)))
    columns = min(4, len(parts))
    rows = -(-len(parts) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.9 * rows), squeeze=False)
    for ax in axes.flat[len(parts) :]:
        ax.set_visible(False)
    hard = _hard(result)
    for ax, (title, flags, part) in zip(axes.flat, parts, strict=False):
        product = part.weights(k, "plug-in") * part.agreement
        place = np.argsort(np.argsort(part.agreement))
        for _, color, marker, flag in _KINDS:
            of = hard[flags] == flag
            ax.plot(place[of], product[of], marker, color=color, ms=3, mew=0, alpha=0.8)
        ax.axhline(part.agreement.mean(), color=PASS1, ls="--", lw=1.4)
        ax.axhline(product.mean(), color=PASSK, ls="--", lw=1.4)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_yscale("symlog", linthresh=max(1e-12, float(np.median(np.abs(part.agreement)))))
        ax.set_title(f"{title}: {part.size} prompts\n$E[wa]$ = {product.mean():+.3g}", fontsize=10)
    fig.supxlabel("prompts, by agreement; dashed: $E[a]$ (blue), $E[wa]$ (vermillion)", fontsize=10)
    for ax in axes[:, 0]:
        ax.set_ylabel("$w_k(x)\\,a(x)$")
    return fig
