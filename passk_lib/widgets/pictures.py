"""Stand-ins for the live figures, drawn with Matplotlib in the book's style.

They show one state where nothing can move: in print, and on pages without JavaScript.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from ..figures import CONFLICT, EASY, HARD, INK, PASS1, PASSK, styled
from ..objectives import pass_at_k, weight


@styled
def weights(centres, share, shifted, k):
    """Pass@k, its weight, and a distribution of difficulties with its reweighted version."""
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.1))
    p = np.linspace(0, 1, 400)
    axes[0].plot(p, p, color=PASS1, label="pass@1")
    axes[0].plot(p, pass_at_k(p, k), "--", color=PASSK, label=f"pass@{k}")
    axes[0].set(xlabel="$p$", title="chance that one of $k$ succeeds")
    axes[1].plot(p, np.ones_like(p), color=PASS1, label="pass@1")
    axes[1].semilogy(p, np.maximum(weight(p, k), 1e-5), "--", color=PASSK, label=f"pass@{k}")
    axes[1].set(xlabel="$p$", title="weight in the gradient", ylim=(1e-4, max(20, 1.6 * k)))
    width = 0.42 / len(centres)
    axes[2].bar(centres - width / 2, share, width, color=PASS1, label="$D$")
    axes[2].bar(centres + width / 2, shifted, width, color=PASSK, label=r"$\tilde D_k$", hatch="//",
                edgecolor="white", linewidth=0)  # fmt: skip
    axes[2].set(xlabel="$p$", title="share of prompts")
    for ax in axes:
        ax.legend(fontsize=9)
    return fig


@styled
def two_prompts(features, names, gradients, before, after, along):
    """Features, gradients, and success before and after a step."""
    fig, axes = plt.subplots(1, 3, figsize=(10.2, 3.3))
    colors = {names[0]: EASY, names[1]: HARD}
    for name, psi in zip(names, features, strict=True):
        _arrow(axes[0], psi, colors[name], name)
    for name, (vector, color) in gradients.items():
        _arrow(axes[1], vector, color, name)
    for ax, title in ((axes[0], "features"), (axes[1], "gradients")):
        ax.axhline(0, color="#BBBBBB", linewidth=1)
        ax.axvline(0, color="#BBBBBB", linewidth=1)
        ax.set_title(title)
        ax.set_aspect("equal", "datalim")
    tints = [EASY, HARD, PASS1, PASSK]
    for row, (label, tint) in enumerate(zip(before, tints, strict=True)):
        axes[2].plot([before[label], after[label]], [row, row], color=tint)
        axes[2].plot(before[label], row, "o", color="white", markeredgecolor=tint)
        axes[2].plot(after[label], row, "o", color=tint)
    axes[2].set_yticks(range(len(before)), list(before))
    axes[2].invert_yaxis()
    axes[2].set(xlim=(0, 1), title=f"○ before, ● after a step along\n{along}")
    return fig


def _arrow(ax, vector, color, name):
    ax.annotate("", xy=tuple(vector), xytext=(0, 0),
                arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 2})  # fmt: skip
    ax.plot(*vector, alpha=0)
    ax.annotate(name, xy=tuple(vector), xytext=(5, 5), textcoords="offset points", color=color)


@styled
def agreement(edges, before, after, means, k, step):
    """Mass and reweighted mass of agreement scores at the start and after some steps."""
    fig, axes = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True)
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    titles = ("at the start", f"after {step} steps of pass@{k} ascent")
    for ax, (mass, shifted), (mean, shifted_mean), title in zip(
        axes, (before, after), means, titles, strict=True
    ):
        ax.bar(middle, mass, width, color=PASS1, alpha=0.55, label="$D$")
        ax.step(edges, np.append(shifted, 0), where="post", color=PASSK, label=r"$\tilde D_k$")
        ax.axvline(mean, color=PASS1, label="mean under $D$")
        ax.axvline(shifted_mean, color=PASSK, linestyle="--", label=r"mean under $\tilde D_k$")
        ax.axvspan(edges[0], 0, color=CONFLICT, alpha=0.15, linewidth=0)
        ax.set(title=title, ylabel="mass", xlim=(edges[0], edges[-1]))
    axes[0].legend(fontsize=9)
    axes[1].set_xlabel(r"agreement score $a_\theta(x)$")
    return fig


@styled
def threshold(k, shifted, intervals, k_star):
    """Mean agreement under D̃_k over k, conflict shaded, with k*."""
    fig, ax = plt.subplots(figsize=(7.2, 3.6))
    for first, last in intervals:
        ax.axvspan(first, last, color=CONFLICT, alpha=0.3, linewidth=0)
    ax.semilogx(k, shifted, color=PASSK)
    ax.axhline(0, color=INK, linewidth=1)
    if k_star is not None:
        ax.axvline(k_star, color=INK, linestyle="--", label=f"$k^* = {k_star:.1f}$")
        ax.legend()
    ax.set(xlabel="$k$", ylabel=r"mean agreement under $\tilde D_k$", title="conflict shaded")
    return fig


@styled
def step_size(eta, change, slopes, promised, true, k):
    """ΔJ/η over η for pass@1 and pass@k, with promised and true limits."""
    fig, axes = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True)
    for ax, values, color, name, slope in zip(
        axes, change, (PASS1, PASSK), ("1", str(k)), slopes, strict=True
    ):
        ax.semilogx(eta, values, color=color)
        ax.axhline(0, color=INK, linewidth=1)
        for label, (where, line) in {**promised, "works up to": (true, "-.")}.items():
            if where:
                ax.axvline(where, color=INK, linestyle=line, linewidth=1.2, label=label)
        reach = 1.5 * abs(slope)
        ax.set(ylabel=rf"$\Delta J_{{{name}}}/\eta$", ylim=(-reach, reach))
    if axes[0].get_legend_handles_labels()[0]:  # without an opposed prompt there is no limit
        axes[0].legend(fontsize=9)
    axes[1].set_xlabel(r"step size $\eta$")
    return fig


@styled
def experiment(score, weight, hard, success, k, orders, inner, mean, weighted):
    """Agreement by prompt, weight by pass@1, contributions, weight against agreement, and the
    inner product over k; of prompts, each argument (prompts,). inner: None where too few."""
    fig, axes = plt.subplot_mosaic("EE;AB;CD", figsize=(8.6, 9.2))
    place = np.argsort(np.argsort(score, kind="stable"))
    kinds = (("easy", EASY, "o", ~hard), ("hard", HARD, "^", hard))
    tiny = max(1e-12, float(np.median(np.abs(score)))) if len(score) else 1.0
    for name, color, marker, of in kinds:
        look = {"color": color, "ms": 3.5, "alpha": 0.8, "label": name, "mew": 0}
        axes["A"].plot(place[of], score[of], marker, **look)
        axes["B"].plot(success[of], weight[of], marker, **look)
        axes["C"].plot(place[of], (weight * score)[of], marker, **look)
        axes["D"].plot(score[of], weight[of], marker, **look)
    for name in "AC":
        axes[name].axhline(0, color=INK, lw=0.8)
        axes[name].set(xlabel="prompts, by agreement")
    axes["A"].set(title="A  agreement by prompt", ylabel="$a(x)$")
    axes["A"].legend(fontsize=9)
    axes["B"].set(title=f"B  weight at $k = {k}$", xlabel="$c/n$", xlim=(-0.02, 1.02))
    for value, color, label in ((mean, PASS1, "mean of $a$"), (weighted, PASSK, "weighted mean")):
        if value is not None:
            axes["C"].axhline(value, color=color, ls="--", lw=1.6, label=f"{label} {value:+.2g}")
            axes["C"].legend(fontsize=9)
    axes["C"].set_yscale("symlog", linthresh=tiny)
    axes["C"].set(title="C  contributions $w\\,a$")
    axes["D"].axvline(0, color=INK, lw=0.8)
    axes["D"].set(title="weight against agreement", xlabel="$a(x)$")
    for name in "BD":
        axes[name].set_yscale("symlog", linthresh=0.01)
        axes[name].set_ylim(0, 1.4 * max([1.0, *weight]))
    if inner is not None:
        axes["E"].plot(orders, inner, color=PASSK)
        axes["E"].plot(k, inner[list(orders).index(k)], "o", color=INK)
    axes["E"].axhline(0, color=INK, lw=0.8)
    axes["E"].set(xlabel="$k$", title=r"$\langle\nabla J_k, \nabla J_1\rangle$")
    return fig


@styled
def objectives(p, weight, bars, grid, cosine, paths, name):
    """Weight over p, normalised to mean one, difficulties under D and reweighted, and the θ plane
    with the conflict region hatched and two ascents."""
    fig, axes = plt.subplot_mosaic([["w", "map"], ["bars", "map"]], figsize=(9.6, 5))
    axes["w"].semilogy(p, np.ones_like(p), color=PASS1, label="pass@1")
    axes["w"].semilogy(p, np.clip(weight, 1e-3, 1e3), "--", color=PASSK, label=name)
    axes["w"].set(xlabel="$p$", title="weight, mean 1", ylim=(1e-2, 1e2))
    axes["w"].legend(fontsize=9)
    middle = (np.arange(len(bars[0])) + 0.5) / len(bars[0])
    axes["bars"].bar(middle - 0.011, bars[0], 0.022, color=PASS1, label="as they are")
    axes["bars"].bar(middle + 0.011, bars[1], 0.022, color=PASSK, hatch="//", edgecolor="white",
                     linewidth=0, label=f"as {name} weighs them")  # fmt: skip
    axes["bars"].set(xlabel="$p$", title="share of prompts")
    axes["bars"].legend(fontsize=9)
    plane = axes["map"]
    if (cosine < 0).any():
        plane.contourf(grid, grid, cosine, [-2, 0], colors=[CONFLICT], alpha=0.35, hatches=["//"])
    for (label, path), color, line in zip(paths.items(), (PASS1, PASSK), "-:", strict=True):
        plane.plot(*path.T, line, color=color, label=f"{label} ascent")
    plane.plot(*path[0], "o", color=INK)
    plane.set(xlim=(grid[0], grid[-1]), ylim=(grid[0], grid[-1]), xlabel=r"$\theta_1$",
              ylabel=r"$\theta_2$", title="conflict with pass@1 hatched")  # fmt: skip
    plane.set_aspect("equal")
    plane.legend(fontsize=9, loc="lower right")
    return fig


@styled
def mitigations(grid, inner, paths, k):
    """Paths over θ with the conflict region hatched, and the same in the plane of pass@1 and
    pass@k. paths: name -> (thetas, pass@1, pass@k)."""
    fig, (plane, pareto) = plt.subplots(1, 2, figsize=(10, 4.4))
    if (inner < 0).any():
        plane.contourf(
            grid, grid, inner, [2 * inner.min(), 0], colors=[CONFLICT], alpha=0.35, hatches=["//"]
        )
    looks = [(PASS1, "-"), (PASSK, "-"), (INK, "-"), (EASY, "-"), (HARD, "-"), (INK, "--"),
             (PASSK, ":"), (PASSK, "--")]  # fmt: skip
    for (name, (thetas, one, many)), (color, line) in zip(paths.items(), looks, strict=True):
        plane.plot(*thetas.T, line, color=color, lw=1.6)
        pareto.plot(one, many, line, color=color, lw=1.6, label=name)
        pareto.plot(one[-1], many[-1], "o", color=color, ms=5)
    plane.plot(*thetas[0], "o", color=INK)
    pareto.plot(one[0], many[0], "o", color=INK, mfc="none", ms=10)
    pareto.axvline(one[0], color=INK, lw=0.8)
    plane.set(xlim=(grid[0], grid[-1]), ylim=(grid[0], grid[-1]), xlabel=r"$\theta_1$",
              ylabel=r"$\theta_2$", title="conflict hatched")  # fmt: skip
    plane.set_aspect("equal")
    pareto.set(xlabel="pass@1", ylabel=f"pass@{k}", title="from the circle, to the points")
    pareto.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return fig
