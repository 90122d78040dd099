"""The rule that says "pass@k updates now cost pass@1", on intervals and on sampled gradients."""

import numpy as np
import pytest

from passk_lib.bandit import Toy
from passk_lib.interference import conflict
from passk_lib.stopping import StoppingRule, cost_of_pass_at_k, false_alarm_bound


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((-2, -1), "costs"),
        ((-2, 0), "undecided"),
        ((-2, 1), "undecided"),
        ((0, 1), "undecided"),
        (np.array([1.0, 2.0]), "does not cost"),
    ],
)
def test_only_an_interval_on_one_side_of_zero_decides(interval, verdict):
    assert cost_of_pass_at_k(interval) == verdict


def test_the_rule_needs_patience_in_a_row():
    rule, stops = StoppingRule(patience=3), []
    for high in (-1, -1, 2, -1, -1, -1, -1, 0):
        rule = rule.see((-5, high))
        stops.append(rule.stop)
    assert stops == [False] * 5 + [True, True, False]
    assert not StoppingRule().see((-2, -1)).stop and StoppingRule(1).see((-2, -1)).stop


def test_bad_intervals_are_refused_by_name():
    for bad, message in [((1, 0), "low <= high"), ((np.nan, 0), "finite"), ((1, 2, 3), "shape")]:
        with pytest.raises(ValueError, match=message):
            cost_of_pass_at_k(bad)
    with pytest.raises(ValueError, match="patience must be an integer from 1"):
        StoppingRule(0)


def test_false_alarms_stay_below_the_bound_where_pass_at_k_costs_just_nothing():
    """The worst case, a true value of 0, with independent looks."""
    rng, looks, level, runs = np.random.default_rng(0), 20, 0.9, 400
    for patience in (1, 2):
        alarms = 0
        for estimates in rng.standard_normal((runs, looks)):
            rule = StoppingRule(patience)
            for estimate in estimates:
                rule = rule.see((estimate - 1.6449, estimate + 1.6449))
                if rule.stop:
                    alarms += 1
                    break
        assert alarms / runs <= false_alarm_bound(looks, level, patience)
    assert false_alarm_bound(20, 0.9, 2) == pytest.approx(0.5) and false_alarm_bound(1) == 0
    assert alarms / runs < 0.06  # two in a row: far below


def test_along_pass_at_k_ascent_the_rule_speaks_when_conflict_begins():
    """Alignment at the start is lost along the way; the truth lies within every interval."""
    toy, k, theta = Toy().quadrature(step=1 / 8), 5, np.array([1.0, 1.0])
    rule, truths = StoppingRule(patience=1), []
    while not rule.stop and len(truths) < 100:
        field = toy.field(theta)
        truths.append(conflict(field, k).inner)
        rule = rule.see((truths[-1] - 1e-5, truths[-1] + 1e-5))
        way = field.objective_gradient(k)
        theta = theta + 0.05 * way / np.linalg.norm(way)
    assert rule.stop and truths[0] > 0 and truths[-1] < -1e-5
    assert min(truths[:-1]) > -1e-5 and len(truths) > 20
