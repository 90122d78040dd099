"""Bad input is refused by name, with the value and what is allowed; good input is never changed."""

import numpy as np
import pytest

from passk_lib import checks


@pytest.mark.parametrize("bad", [-1e-16, 1 + 1e-15, np.nan, np.inf, [0.5, -0.1]])
def test_probabilities_outside_the_unit_interval_are_refused(bad):
    with pytest.raises(ValueError, match=r"success must be (in \[0, 1\]|finite); got"):
        checks.as_probabilities("success", bad)


def test_an_error_names_argument_value_place_and_range():
    with pytest.raises(ValueError, match=r"^p must be in \[0, 1\]; got 1.5 at index \(1, 0\)$"):
        checks.as_probabilities("p", [[0.1, 0.2], [1.5, 0.3]])


def test_an_error_counts_further_offenders():
    with pytest.raises(ValueError, match=r"got -1.0 at index 1 \(2 such entries\)"):
        checks.as_nonnegative("weights", [0.0, -1.0, -2.0])


@pytest.mark.parametrize("bad", ["0.5", [None], 0.5j, [True, False], object()])
def test_what_is_no_real_number_is_a_type_error(bad):
    with pytest.raises(TypeError, match="success must be real numbers"):
        checks.as_probabilities("success", bad)


@pytest.mark.parametrize("bad", [True, 3.0, [1, 2.5], "3", None, np.bool_(True), [True]])
def test_k_that_is_no_integer_is_a_type_error(bad):
    with pytest.raises(TypeError, match="k must be an integer from 1"):
        checks.as_positive_integers("k", bad)


@pytest.mark.parametrize("bad", [0, -3, [1, 0], 2**53 + 1, 2**70, -(2**70)])
def test_k_out_of_range_is_a_value_error(bad):
    with pytest.raises(ValueError, match="k must be an integer from 1"):
        checks.as_positive_integers("k", bad)


@pytest.mark.parametrize("good", [7, np.int32(7), np.array(7, dtype=np.uint8)])
def test_any_integer_type_is_accepted_and_widened(good):
    k = checks.as_positive_integers("k", good)
    assert k.dtype == np.int64 and k.shape == () and k == 7


def test_masses_are_checked_up_to_the_stated_tolerance_and_never_renormalised():
    nearly = np.array([0.5, 0.5 + 0.5 * checks.MASS_TOLERANCE])
    assert np.array_equal(checks.as_masses("mass", nearly), nearly)
    with pytest.raises(ValueError, match=r"mass must sum to 1 \(up to 1e-09\); got the sum 1\.1"):
        checks.as_masses("mass", [0.5, 0.6])
    with pytest.raises(ValueError, match=r"mass must be at least 0; got -0.5 at index 1"):
        checks.as_masses("mass", [1.5, -0.5])
    with pytest.raises(ValueError, match="mass must not be empty"):
        checks.as_masses("mass", [])


def test_shapes_are_named_when_they_do_not_match():
    with pytest.raises(ValueError, match=r"gradients must have shape \(3, any\); got \(2, 3\)"):
        checks.as_finite("gradients", np.ones((2, 3)), (3, None))
    with pytest.raises(ValueError, match="rectangular"):
        checks.as_finite("features", [[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"p \(2,\), k \(3,\)"):
        checks.broadcast(p=np.ones(2), k=np.ones(3))


def test_counts_need_c_at_most_n():
    with pytest.raises(ValueError, match="c must be at most n; got c = 5 correct of n = 4"):
        checks.as_counts(4, [1, 5])
    with pytest.raises(ValueError, match="c must be an integer from 0"):
        checks.as_counts(4, -1)
    with pytest.raises(ValueError, match="n must be an integer from 1"):
        checks.as_counts(0, 0)


def test_rewards_are_zero_or_one():
    assert checks.as_rewards("rewards", [1, 0, 1.0]).dtype == bool
    with pytest.raises(ValueError, match=r"rewards must be 0 or 1; got 0.5 at index 1"):
        checks.as_rewards("rewards", [1, 0.5])
    with pytest.raises(ValueError, match="rewards must be 0 or 1; got nan"):
        checks.as_rewards("rewards", [1, np.nan])
    with pytest.raises(ValueError, match="n >= 1"):
        checks.as_rewards("rewards", [])


def test_a_number_is_checked_against_its_bounds():
    assert checks.as_number("m", 0.25, 0, open_low=True) == 0.25
    with pytest.raises(ValueError, match=r"m must be greater than 0; got 0.0"):
        checks.as_number("m", 0, 0, open_low=True)
    with pytest.raises(ValueError, match=r"p_hard must be at least 0 and at most 1; got 1.5"):
        checks.as_number("p_hard", 1.5, 0, 1)


def test_read_only_copies_what_its_owner_could_still_change():
    mine = np.zeros(3)
    kept = checks.read_only(mine)
    mine[0] = 1
    assert kept[0] == 0 and not kept.flags.writeable
    view = np.zeros(3)[:2]
    view.flags.writeable = False
    assert checks.read_only(view) is not view
    assert checks.read_only(kept) is kept
