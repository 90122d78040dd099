"""What the live figure of an experiment carries to the browser: sums of kernel entries, small.

An estimate for any k, filter and share of hard prompts needs no single gradient. Weight and filter
look at c alone, the number of correct completions, and a prompt counts by its label. So prompts
with the same c and label form a group g, and with the kernel K_ij = ⟨g_i, g_j⟩ it is enough to keep

gram     (groups, groups)   Σ_{i in g, j in h} K_ij: every inner product and every norm
own      (groups,)          Σ_{i in g} K_ii: to leave out the pairs of a prompt with itself
rows     (prompts, groups)  Σ_{j in g} K_ij: the agreement score of each prompt, to draw
diagonal (prompts,)         K_ii

For 400 prompts and 32 completions that is about 50 kB, where the kernel is 1.3 MB. Prompts without
a correct completion have g_i = 0 and are in no group. Numbers travel as base64 of little-endian
arrays; `rows` in 16 bits with a scale for each row and column, the rest in 32 bits or more.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from ..bandit import THETA_REF, Toy
from ..checks import as_counts, as_finite, as_flags, as_masses, as_number
from ..objectives import weight

__all__ = ["Exact", "Sums", "exact_sums", "pack", "toy_sums", "unpack"]

MOST_PROMPTS = 1000
_LEVELS = 32767
_KINDS = {"gram": "<f4", "own": "<f4", "diagonal": "<f4", "row_scale": "<f4",
          "column_scale": "<f4", "rows": "<i2", "success": "<f4", "agreement": "<f4",
          "table": "<f8"}  # fmt: skip


@dataclass(frozen=True)
class Exact:
    """Exact values: of the drawn prompts, and of the whole prompt distribution for each k.

    success: (N,) p. agreement: (N, 2) scores against the mean gradient of the easy prompts and
    against that of the hard ones. table: (n, 2, 3), for k = 1..n and a label, the mean over that
    label's prompts of w, of w times the first score and of w times the second.
    """

    success: np.ndarray
    agreement: np.ndarray
    table: np.ndarray


@dataclass(frozen=True)
class Sums:
    """Sums over groups of prompts with the same c > 0 and label, of the kernel K_ij = ⟨g_i, g_j⟩.

    n: completions a prompt. share: mass of the hard prompts in the distribution that the prompts
    were drawn from. c, hard: (N,). group: (N,), -1 where c = 0. levels, group_hard: (groups,), the
    c and the label of a group. gram: (groups, groups), sums of K_ij over i in one and j in the
    other. own: (groups,), of K_ii. rows: (N, groups), of K_ij over j. diagonal: (N,), K_ii itself.
    """

    n: int
    share: float
    c: np.ndarray
    hard: np.ndarray
    group: np.ndarray
    levels: np.ndarray
    group_hard: np.ndarray
    gram: np.ndarray
    own: np.ndarray
    rows: np.ndarray
    diagonal: np.ndarray
    exact: Exact | None


def _groups(c: np.ndarray, hard: np.ndarray):
    """Which (c, label) pairs occur among c > 0, and the group of each prompt."""
    code = np.where(c > 0, 2 * c + hard, -1)
    kinds = np.unique(code[c > 0])
    group = np.where(c > 0, np.searchsorted(kinds, code), -1)
    return group, kinds // 2, (kinds % 2).astype(bool)


def _text(name: str, array) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype=_KINDS[name]).tobytes()).decode()


def pack(n, c, hard, kernel, share=None, exact: Exact | None = None) -> dict:
    """The sums of one experiment, as text and short lists.

    n: completions of each prompt, one number; c: (N,) how many were correct; hard: (N,) labels,
    both of which must occur; kernel: (N, N); share: mass of the hard prompts in the distribution
    that the prompts were drawn from, None for the share among them.
    """
    n, c = as_counts(n, c)
    if c.ndim != 1 or not (n == n.flat[0]).all():
        raise ValueError(f"n must be the same for all prompts of a list; got {np.unique(n)}")
    size = len(c)
    if not 3 <= size <= MOST_PROMPTS:
        raise ValueError(f"c must have 3 to {MOST_PROMPTS} prompts for a live figure; got {size}")
    hard = as_flags("hard", hard, size)
    if hard.all() or not hard.any():
        raise ValueError("hard must hold prompts of both kinds; got one kind")
    share = as_number("share", hard.mean() if share is None else share, 0, 1)
    if share in (0.0, 1.0):
        raise ValueError(f"share must be strictly between 0 and 1; got {share}")
    kernel = as_finite("kernel", kernel, (size, size))
    if kernel[c == 0].any() or kernel[:, c == 0].any():
        raise ValueError("kernel must be 0 for prompts without a correct completion")
    group, levels, _ = _groups(c, hard)
    member = (group[:, None] == np.arange(len(levels))).astype(float)
    rows, diagonal = kernel @ member, np.diag(kernel)
    columns = np.abs(rows).max(axis=0, initial=0).astype("<f4").astype(float)
    columns[columns == 0] = 1
    per_row = np.abs(rows / columns).max(axis=1, initial=0).astype("<f4").astype(float)
    whole = np.rint(rows / columns / np.where(per_row > 0, per_row, 1)[:, None] * _LEVELS)
    data = {
        "n": int(n.flat[0]),
        "share": share,
        "c": c.tolist(),
        "hard": hard.astype(int).tolist(),
        "gram": _text("gram", member.T @ rows),
        "own": _text("own", member.T @ diagonal),
        "rows": _text("rows", np.clip(whole, -_LEVELS, _LEVELS)),
        "row_scale": _text("row_scale", per_row / _LEVELS),
        "column_scale": _text("column_scale", columns),
        "diagonal": _text("diagonal", diagonal),
        "exact": None,
    }
    if exact is not None:
        data["exact"] = {
            "success": _text("success", as_finite("success", exact.success, (size,))),
            "agreement": _text("agreement", as_finite("agreement", exact.agreement, (size, 2))),
            "table": _text("table", as_finite("table", exact.table, (data["n"], 2, 3))),
        }
    return data


def unpack(data: dict) -> Sums:
    """The arrays that `pack` wrote. Raises ValueError for anything else."""

    def array(name, shape, of=None):
        raw = np.frombuffer(base64.b64decode((of or data)[name]), _KINDS[name])
        return raw.astype(float).reshape(shape)

    try:
        c, hard = np.array(data["c"], dtype=int), np.array(data["hard"], dtype=bool)
        size = len(c)
        group, levels, group_hard = _groups(c, hard)
        many = len(levels)
        scale = array("row_scale", (size, 1)) * array("column_scale", (1, many))
        exact = data["exact"] and Exact(
            array("success", (size,), data["exact"]),
            array("agreement", (size, 2), data["exact"]),
            array("table", (data["n"], 2, 3), data["exact"]),
        )
        return Sums(
            int(data["n"]), float(data["share"]), c, hard, group, levels, group_hard,
            array("gram", (many, many)), array("own", (many,)),
            array("rows", (size, many)) * scale, array("diagonal", (size,)), exact,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"data must be what an Experiment's `data` holds; reading it failed: {error!r}"
        ) from None


def exact_sums(n: int, index, success, easy_score, hard_score, hard, mass) -> Exact:
    """Exact values from those of every prompt of the distribution.

    index: (N,) which prompts were drawn; success: (P,) p; easy_score, hard_score: (P,) inner
    products of ∇p with the mean gradient of the easy prompts and with that of the hard ones;
    hard: (P,) labels; mass: (P,). Both labels need a positive mass.
    """
    mass = as_masses("mass", mass)
    scores = np.stack(
        [as_finite(name, array, mass.shape) for name, array in
         (("easy_score", easy_score), ("hard_score", hard_score))], axis=1)  # fmt: skip
    hard = as_flags("hard", hard, len(mass))
    columns = np.column_stack([np.ones(len(mass)), scores])
    table = np.empty((n, 2, 3))
    for label in (0, 1):
        of = hard == bool(label)
        own = mass[of] / mass[of].sum()
        for k in range(1, n + 1):
            table[k - 1, label] = (own * weight(success[of], k)) @ columns[of]
    return Exact(np.asarray(success)[index], scores[index], table)


def toy_sums(prompts: int = 200, n: int = 32, seed: int = 0) -> dict:
    """The same experiment on the toy of section 3.2 at θ = (-2, -2): n answers to each prompt."""
    toy = Toy()
    drawn = toy.sample(prompts, seed)
    field = drawn.field(THETA_REF)
    c = np.random.default_rng([seed, 1]).binomial(n, field.success)
    # ∇ log π of the correct action is ∇p / p: the c correct answers of a prompt share it.
    gradients = (c / n / field.success)[:, None] * field.gradients
    nodes = toy.quadrature()
    whole = nodes.field(THETA_REF)
    g_easy, g_hard = (whole.restrict(flags).mean() for flags in nodes.strata.values())
    scored = [np.concatenate([part.inner(g) for part in (field, whole)]) for g in (g_easy, g_hard)]
    exact = exact_sums(
        n,
        np.arange(prompts),
        np.concatenate([field.success, whole.success]),
        *scored,
        np.concatenate([drawn.hard, nodes.hard]),
        np.concatenate([np.zeros(prompts), whole.mass]),
    )
    return pack(n, c, drawn.hard, gradients @ gradients.T, toy.p_hard, exact)
