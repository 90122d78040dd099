r"""Certified signs of f(k) = Σ c_i (1 - p_i)^(k-1) over all integers k of a long range.

Conflict at k means f(k) < 0 with c = μ a. As a function of k, f is a sum of exponentials, so a few
hundred evaluations settle a million values of k. Scaled by the largest ratio,
F(k) = Σ c_i exp(-D_i (k-1)) with D_i = log[(1 - p_min)/(1 - p_i)] >= 0, which never underflows.

Between two evaluated k the sign is settled by one of two enclosures:
- the cubic through values and slopes at both ends is within max|F''''|·(length)^4/384 of F, where
  |F''''| is at most Σ |c| D^4 exp(-D(k-1)), taken at the left end;
- the positive and the negative part of F both fall in k, so F lies between P(right) - Q(left) and
  P(left) - Q(right).
What neither settles is cut in two, down to neighbouring integers. Every comparison allows for the
rounding of all floats that enter it; the sign of a k that rounding could turn is left undecided.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["TINIEST", "Run", "certified_signs", "sum_error"]

_U = 2.0**-53
TINIEST = 2.0**-1074
"""The smallest positive float: what one product can lose by underflow."""
_BLOCK = 128
_BATCH = 2**19


class Run(NamedTuple):
    """f has one sign for first <= k <= last: -1 (below 0), 1 (at least 0) or 0 (undecided)."""

    first: int
    last: int
    sign: int


def sum_error(size: int) -> float:
    """Relative rounding error of a sum of `size` products, taken in blocks: times Σ |products|."""
    return (_BLOCK + size / _BLOCK + 2) * _U


class _Sum:
    """F and what bounds it, at any k. `c`, `error`, `p`: (terms,), p < 1."""

    def __init__(self, c: np.ndarray, error: np.ndarray, p: np.ndarray):
        order = np.argsort(p, kind="stable")
        c, error, p = c[order], error[order], p[order]
        part = (p - p[0]) / (1 - p[0])
        # D to a relative error of 16u: log1p where the ratio is close to 1, log elsewhere.
        with np.errstate(divide="ignore"):
            self.decay = np.where(
                part < 0.5, -np.log1p(-np.minimum(part, 0.5)), np.log((1 - p[0]) / (1 - p))
            )
        d, size = self.decay, np.abs(c)
        columns = [c, -c * d, size, size * d, size * d**2, size * d**4, error, error * d]
        self.columns = np.stack(columns, axis=1)
        # What underflow may hide, of any one number or of all of them together.
        self.slack = 1e-290 * float(size.max() + error.max()) + (
            2 * TINIEST * np.count_nonzero(size + error)
        )

    def at(self, k: np.ndarray) -> np.ndarray:
        """Rows (F, F', error of F, error of F', P + Q, bound of |F''''|) at each k, (ks, 6)."""
        k = np.sort(k)
        rows, start = [], 0
        while start < len(k):
            # Terms that have underflowed at this k have done so at every larger one.
            n = k[start] - 1
            live = int(np.searchsorted(self.decay, 750 / max(n, 1), side="right"))
            stop = start + max(1, _BATCH // live)
            rows.append(self._rows(k[start:stop] - 1, live))
            start = stop
        return np.concatenate(rows)

    def _rows(self, n: np.ndarray, live: int) -> np.ndarray:
        n = n[:, None].astype(float)
        powers = np.exp(-self.decay[:live] * n)
        columns = self.columns[:live]
        total = np.zeros((len(n), columns.shape[1]))
        for i in range(0, live, _BLOCK):
            total += powers[:, i : i + _BLOCK] @ columns[i : i + _BLOCK]
        value, slope, s0, s1, s2, s4, e0, e1 = total.T
        n = n[:, 0]
        # exp, its argument D n (20u relative), the product with c, and the summation.
        own = sum_error(live) + 16 * _U
        value_error = 1.01 * (own * s0 + 20 * _U * n * s1 + e0) + self.slack
        slope_error = 1.01 * ((own + 20 * _U) * s1 + 20 * _U * n * s2 + e1) + self.slack
        return np.stack([value, slope, value_error, slope_error, s0, s4], axis=1)

    def beyond(self, k: int) -> int:
        """The sign of f at every k' >= k where the smallest p alone decides it, else 0."""
        n = float(k - 1)
        size, error = self.columns[:, 2], self.columns[:, 6]
        first = self.decay == 0
        lead = self.columns[first, 0].sum()
        noise = (size[first].sum() * sum_error(_BLOCK * len(size)) + error[first].sum()) * 1.01
        rest = ((size + error) * np.exp(-self.decay * n * (1 - 32 * _U)))[~first].sum() * 1.01
        return int(np.sign(lead)) if abs(lead) > noise + rest + self.slack else 0


def _verdicts(k: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The sign of F between pairs of neighbouring k, (pairs, 2): 1, -1, 0 (noise), 2 (cut)."""
    length = (k[:, 1] - k[:, 0]).astype(float)
    f0, g0, ef0, eg0, s0, bend = left.T
    f1, g1, ef1, eg1, s1, _ = right.T
    third = length / 3
    bernstein = np.stack([f0, f0 + third * g0, f1 - third * g1, f1])
    low, high = bernstein.min(axis=0), bernstein.max(axis=0)
    noise = np.maximum(ef0, ef1) + third * np.maximum(eg0, eg1)
    gap = 1.01 * bend * length**4 / 384
    error = 1.01 * (noise + gap) + 8 * _U * np.abs(bernstein).max(axis=0)
    # P = (s + f)/2 and Q = (s - f)/2 at either end.
    above = (s1 + f1) - (s0 - f0) - 2.1 * (ef0 + ef1)
    below = (s0 + f0) - (s1 - f1) + 2.1 * (ef0 + ef1)
    verdict = np.full(len(k), 2)
    verdict[(np.maximum(high, -low) <= 4 * noise) & (gap <= noise)] = 0
    verdict[(low > error) | (above > 0)] = 1
    verdict[(high < -error) | (below < 0)] = -1
    return verdict


def certified_signs(c, error, p, k_max: int) -> tuple[list[Run], int]:
    """Signs of f(k) = Σ c_i (1 - p_i)^(k-1) for 2 <= k <= k_max, and beyond.

    c: (terms,) coefficients, each within `error` (terms,) of the true one. p: (terms,) in [0, 1],
    taken as exact. Returns runs that cover 2 ... k_max in order, and the sign at all k > k_max if
    that is certain, else 0.

    Three prompts of equal mass, g = (1, -3, 5), p = (0.1, 0.5, 0.9): conflict at k = 2 alone.

    >>> c, p = np.array([1.0, -3.0, 5.0]), np.array([0.1, 0.5, 0.9])
    >>> certified_signs(c, np.zeros(3), p, 1000)
    ([Run(first=2, last=2, sign=-1), Run(first=3, last=1000, sign=1)], 1)
    """
    live = ((c != 0) | (error > 0)) & (p < 1)
    if not live.any():
        return [Run(2, k_max, 1)] if k_max >= 2 else [], 1
    f = _Sum(c[live], error[live], p[live])
    beyond = f.beyond(k_max + 1)
    if k_max < 2:
        return [], beyond
    k = np.unique(np.append(2 ** np.arange(1, int(k_max).bit_length()), k_max))
    rows = f.at(k)
    settled = [_at_points(k, rows)]
    pairs, left, right = np.stack([k[:-1], k[1:]], axis=1), rows[:-1], rows[1:]
    while True:
        wide = pairs[:, 1] - pairs[:, 0] > 1
        pairs, left, right = pairs[wide], left[wide], right[wide]
        verdict = _verdicts(pairs, left, right)
        done = verdict != 2
        settled.append(np.column_stack([pairs[done] + [1, -1], verdict[done]]))
        pairs, left, right = pairs[~done], left[~done], right[~done]
        if not len(pairs):
            break
        order = np.argsort(pairs[:, 0])
        pairs, left, right = pairs[order], left[order], right[order]
        middle = pairs.sum(axis=1) // 2
        rows = f.at(middle)
        settled.append(_at_points(middle, rows))
        pairs = np.concatenate(
            [np.column_stack([pairs[:, 0], middle]), np.column_stack([middle, pairs[:, 1]])]
        )
        left, right = np.concatenate([left, rows]), np.concatenate([rows, right])
    return _merge(np.concatenate(settled)), beyond


def _at_points(k: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(k, k, sign) for each evaluated k."""
    value, error = rows[:, 0], rows[:, 2]
    return np.column_stack([k, k, np.where(np.abs(value) > error, np.sign(value), 0)]).astype(int)


def _merge(pieces: np.ndarray) -> list[Run]:
    pieces = pieces[np.argsort(pieces[:, 0])]
    starts = np.flatnonzero(np.diff(pieces[:, 2], prepend=9))
    ends = np.append(starts[1:], len(pieces)) - 1
    return [
        Run(int(pieces[i, 0]), int(pieces[j, 1]), int(pieces[i, 2]))
        for i, j in zip(starts, ends, strict=True)
    ]
