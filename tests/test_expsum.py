"""Certified signs of Σ c (1 - p)^(k-1) against arithmetic in 60 digits."""

import itertools
import time

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passk_lib.expsum import _Sum, _verdicts, certified_signs

K_MAX = 10**6


def _exact_sign(c, p, k):
    with mp.workdps(60):
        total = mp.fsum(mp.mpf(x) * (1 - mp.mpf(q)) ** (k - 1) for x, q in zip(c, p, strict=True))
        return -1 if total < 0 else 1


def _signs(c, p, error=None, k_max=K_MAX):
    c, p = np.array(c, dtype=float), np.array(p, dtype=float)
    return certified_signs(c, np.zeros(len(c)) if error is None else error, p, k_max)


def _check(c, p, runs, extra=()):
    """Every decided sign at both ends and inside of every run is the exact one."""
    assert runs[0].first == 2 and runs[-1].last == K_MAX
    assert all(a.last + 1 == b.first and a.sign != b.sign for a, b in itertools.pairwise(runs))
    for run in runs:
        inside = {run.first, run.last, (run.first + run.last) // 2, *extra}
        for k in inside:
            if run.first <= k <= run.last and run.sign:
                assert run.sign == _exact_sign(c, p, k), (run, k)


def test_signs_of_random_sums_are_exact():
    rng = np.random.default_rng(0)
    crossings = 0
    for _ in range(60):
        size = rng.integers(1, 9)
        p = rng.choice([rng.random(size), 10 ** rng.uniform(-7, 0, size)])
        c = rng.normal(size=size) * 10 ** rng.uniform(-3, 3, size)
        runs, beyond = _signs(c, p)
        _check(c, p, runs, extra=[*range(2, 40), 100, 999, 12_345])
        crossings += len(runs) - 1
        if beyond:
            assert beyond == _exact_sign(c, p, K_MAX + 1) == _exact_sign(c, p, 10**9)
        assert not any(run.sign == 0 for run in runs)
    assert crossings >= 15


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-20, 20),
            st.sampled_from([0.0, 1e-300, 1e-16, 1e-9, 1e-6, 0.001, 0.1, 0.5, 0.9, 1 - 1e-16, 1.0])
            | st.floats(0, 1),
        ),
        min_size=1,
        max_size=7,
    )
)
def test_no_decided_sign_is_ever_wrong(terms):
    c, p = zip(*terms, strict=True)
    runs, beyond = _signs(c, p)
    _check(c, p, runs, extra=[2, 3, 5, 20, 1000])
    if beyond:
        assert beyond == _exact_sign(c, p, K_MAX + 1)


def _many_crossings(groups, size):
    rates = np.repeat(np.geomspace(3e-6, 3, groups), size // groups)
    rates = rates * np.exp(0.01 * np.random.default_rng(0).normal(size=len(rates)))
    sizes = np.repeat(
        (-1.0) ** np.arange(groups) * np.geomspace(1, 3.0**groups, groups), size // groups
    )
    return sizes, -np.expm1(-rates)


def test_every_one_of_many_crossings_is_found():
    c, p = _many_crossings(20, 40)
    runs, _ = _signs(c, p)
    assert len(runs) > 12 and not any(run.sign == 0 for run in runs)
    _check(c, p, runs, extra=[*range(2, 300), *map(int, np.geomspace(300, K_MAX, 200))])


@pytest.mark.parametrize("roots", [(4500, 5000), (4400, 4700, 5300, 7900), (4200, 4210, 4230)])
def test_crossings_between_two_neighbouring_powers_of_two_are_found(roots):
    """A polynomial in x = exp(-(k-1)/2000) with all its roots between k = 4096 and 8192."""
    c = np.poly(np.exp(-(np.array(roots) - 0.5) / 2000))[::-1]
    p = -np.expm1(-np.arange(1, len(c) + 1) / 2000)
    runs, _ = _signs(c, p)
    assert [run.first for run in runs[1:]] == pytest.approx(roots, abs=3)
    _check(c, p, runs, extra=range(4100, 8200, 7))


def test_the_cubic_and_its_bound_enclose_the_sum():
    """At random k between two ends, the sum lies within the bound of the cubic, often only just."""
    rng = np.random.default_rng(3)
    closest = 0.0
    for _ in range(200):
        c, p = rng.normal(size=3), rng.uniform(0.001, 0.02, 3)
        a, length = int(rng.integers(1, 200)), int(rng.integers(10, 100))
        f = _Sum(c, np.zeros(3), p)
        rows = f.at(np.array([a, a + length]))
        (f0, g0, *_, bend), (f1, g1, *_) = rows
        t = rng.random()
        cubic = (
            (1 + 2 * t) * (1 - t) ** 2 * f0
            + t * (1 - t) ** 2 * length * g0
            + t**2 * (3 - 2 * t) * f1
            + t**2 * (t - 1) * length * g1
        )
        truth = c[np.argsort(p)] @ np.exp(-f.decay * (a + t * length - 1))
        bound = bend * length**4 / 384
        assert abs(truth - cubic) <= bound + 1e-13
        closest = max(closest, abs(truth - cubic) / bound)
    assert closest > 0.5


def test_a_dip_that_both_ends_hide_is_not_overlooked():
    """Values 1 and slopes ∓0.012 at both ends: a cubic above 0.6, yet the sum dips to -0.1."""
    p = np.array([0.001, 0.01, 0.02, 0.04, 0.08])
    decay = np.log(1 - p[0]) - np.log(1 - p)
    n = np.array([100.0, 200.0, 150.0])
    powers = np.exp(-decay * n[:, None])
    system = np.vstack([powers, -decay * powers[:2]])
    c = np.linalg.solve(system, [1, 1, -0.1, -0.012, 0.012])
    f, ends = _Sum(c, np.zeros(5), p), np.array([[101, 201]])
    rows = f.at(ends[0])
    assert rows[:, :2].ravel().tolist() == pytest.approx([1, -0.012, 1, 0.012], rel=1e-6)
    assert _verdicts(ends, rows[:1], rows[1:]).tolist() == [2]
    signs = {run.sign for run in _signs(c, p)[0] if run.first <= 151 and run.last >= 120}
    assert -1 in signs
    _check(c, p, _signs(c, p)[0], extra=range(95, 210))


def test_no_stretch_with_a_crossing_inside_is_given_one_sign():
    rng = np.random.default_rng(4)
    verdicts = set()
    for _ in range(400):
        c, p = rng.normal(size=4), rng.uniform(0.001, 0.1, 4)
        k = np.arange(int(rng.integers(2, 60)), 400)[: int(rng.integers(3, 60))]
        f = _Sum(c, np.zeros(4), p)
        values = f.at(k)[:, 0]
        rows = f.at(k[[0, -1]])
        (verdict,) = _verdicts(k[None, [0, -1]], rows[:1], rows[1:])
        assert verdict == 2 or np.all(np.sign(values) == verdict)
        verdicts.add(int(verdict))
    assert verdicts == {-1, 1, 2}


def test_ten_thousand_terms_take_less_than_a_tenth_of_a_second():
    for groups in (1, 10, 40):
        c, p = _many_crossings(groups, 10_000)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            _signs(c, p, 1e-15 * np.abs(c))
            times.append(time.perf_counter() - start)
        assert min(times) < 0.1


def test_a_near_double_root_between_integers_is_not_taken_for_a_crossing():
    """(x - r)² x with x = exp(-(k-1)/1000) touches 0 half way between k = 5001 and 5002."""
    r = np.exp(-5.0005)
    p = -np.expm1(-1e-3 * np.arange(1, 4))
    c = [r * r, -2 * r, 1.0]
    assert [run.sign for run in _signs(c, p)[0]] == [1]
    # A little lower it crosses twice, close together.
    lower = [r * r * (1 - 1e-4), -2 * r, 1.0]
    runs, _ = _signs(lower, p)
    assert [run.sign for run in runs] == [1, -1, 1] and runs[1].last - runs[1].first < 25
    _check(lower, p, runs)


def test_what_cancels_exactly_is_undecided_not_guessed():
    runs, beyond = _signs([1.0, -1.0], [0.3, 0.3])
    assert runs == [(2, K_MAX, 0)] and beyond == 0
    # Here the rest decides as long as it can be seen.
    runs, beyond = _signs([1.0, -1.0, -0.5], [0.3, 0.3, 0.6])
    assert [run.sign for run in runs] == [-1, 0] and 40 < runs[0].last < 70 and beyond == 0


def test_doubt_in_the_coefficients_leaves_more_undecided():
    c, p = [1.0, -2.0], [0.1, 0.001]  # turns where 0.9^n = 2 · 0.999^n: never for n > 0
    assert [run.sign for run in _signs(c, p)[0]] == [-1]
    c = [-1.0, 1.5]
    sharp, _ = _signs(c, [0.001, 0.01])
    blurred, _ = _signs(c, [0.001, 0.01], error=np.array([0.2, 0.2]))
    assert [run.sign for run in sharp] == [1, -1]
    assert [run.sign for run in blurred] == [1, 0, -1]
    assert blurred[0].last < sharp[0].last < blurred[2].first


def test_prompts_that_are_always_solved_count_for_nothing():
    assert _signs([-5.0, 1.0], [1.0, 0.5])[0] == [(2, K_MAX, 1)]
    assert _signs([-5.0], [1.0]) == ([(2, K_MAX, 1)], 1)


@pytest.mark.parametrize("k_max", [1, 2, 3, 7])
def test_short_ranges_are_covered(k_max):
    runs, beyond = _signs([-1.0], [0.5], k_max=k_max)
    assert runs == ([(2, k_max, -1)] if k_max > 1 else []) and beyond == -1
