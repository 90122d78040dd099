"""Certified signs of Σ c (1 - p)^(k-1) against arithmetic in 60 digits."""

import itertools
import time

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passk_lib.expsum import certified_signs

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
