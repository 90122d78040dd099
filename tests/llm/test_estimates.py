"""The estimators against exact expectations: every draw of prompts and every count, enumerated."""

from itertools import product
from math import comb

import numpy as np
import pytest

from passk_lib.field import DenseField, SampleCounts
from passk_lib.interference import conflict
from passk_lib.llm.estimates import ESTIMATORS, SampledAgreement

# A population of two prompts with one correct completion each: g = (c/n) s.
MASS = np.array([0.3, 0.7])
P = np.array([0.2, 0.9])
SCORES = np.array([[1.0, -2.0], [0.5, 1.5]])
N, DRAWN = 3, 3


def table_of(prompts, c, n=N) -> SampledAgreement:
    g = (np.asarray(c) / n)[:, None] * SCORES[list(prompts)]
    fold = np.arange(len(g)) % 2
    other = np.array([g[fold != f].mean(0) for f in fold])
    return SampledAgreement(
        SampleCounts(n, np.array(c)), g @ g.mean(0), (g * g).sum(1), (g * other).sum(1), g @ g.T
    )


def expectation(function):
    """E over three prompts drawn from the population and three completions of each."""
    total = 0.0
    for prompts in product(range(2), repeat=DRAWN):
        for c in product(range(N + 1), repeat=DRAWN):
            chance = np.prod(
                [
                    MASS[x] * comb(N, y) * P[x] ** y * (1 - P[x]) ** (N - y)
                    for x, y in zip(prompts, c, strict=True)
                ]
            )
            total = total + chance * function(table_of(prompts, c))
    return total


def truth(ks):
    return conflict(DenseField(MASS, P, P[:, None] * SCORES), ks).inner


@pytest.mark.parametrize("estimator", ["unbiased", "cross-fit"])
def test_unbiased_estimates_have_the_population_value_as_their_mean(estimator):
    """For every k <= n: no within-prompt pair enters, so n = k is enough."""
    ks = [1, 2, 3]
    np.testing.assert_allclose(
        expectation(lambda t: t.inner(ks, estimator)), truth(ks), rtol=1e-12, atol=1e-14
    )


def test_the_plug_in_is_biased():
    ks = [1, 2, 3]
    assert np.all(np.abs(expectation(lambda t: t.inner(ks, "plug-in")) - truth(ks)) > 1e-2)


def test_agreement_without_self_is_unbiased_and_plug_in_agreement_is_biased_upwards():
    mean = P[:, None] * SCORES
    norm_sq = float((MASS @ mean) @ (MASS @ mean))
    assert expectation(lambda t: t.agreement_without_self.mean()) == pytest.approx(norm_sq)
    assert expectation(lambda t: t.agreement.mean()) > norm_sq + 0.1


@pytest.mark.parametrize("estimator", ["unbiased", "plug-in"])
def test_the_standard_error_is_the_jackknife_written_out(estimator):
    rng = np.random.default_rng(0)
    size, n, ks = 12, 6, [1, 2, 5]
    prompts, c = rng.integers(2, size=size), rng.integers(n + 1, size=size)
    whole = table_of(prompts, c, n)
    left_out = np.array(
        [
            table_of(np.delete(prompts, i), np.delete(c, i), n).inner(ks, estimator)
            for i in range(size)
        ]
    )
    spread = ((left_out - left_out.mean(0)) ** 2).sum(0) * (size - 1) / size
    np.testing.assert_allclose(whole.standard_error(ks, estimator), np.sqrt(spread), rtol=1e-10)
    low, high = whole.interval(2, 0.9, estimator)
    assert low < whole.inner(2, estimator) < high


def test_bad_requests_are_named():
    whole = table_of([0, 1, 1], [1, 2, 3])
    with pytest.raises(ValueError, match="k = 4 for n = 3"):
        whole.inner(4)
    assert np.isfinite(whole.inner(4, "plug-in"))
    with pytest.raises(ValueError, match="must be one of plug-in, unbiased, cross-fit"):
        whole.inner(2, "best")
    with pytest.raises(ValueError, match="level"):
        whole.interval(2, 1.0)
    bare = SampledAgreement(whole.counts, whole.agreement, whole.norm_sq)
    with pytest.raises(ValueError, match="kernel is None"):
        bare.interval(2)
    with pytest.raises(ValueError, match="no cross-fitted"):
        bare.inner(2, "cross-fit")
    assert set(ESTIMATORS) == {"plug-in", "unbiased", "cross-fit"}
