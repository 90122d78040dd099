"""Prompt fields: what they check, and that one which stores no gradient does everything."""

import numpy as np
import pytest

import passk_lib
from passk_lib.checks import MASS_TOLERANCE
from passk_lib.field import COUNT_TOLERANCE, DenseField, PromptField, SampleCounts
from passk_lib.objectives import Objective, PassAtK


class Named:
    """A vector that supports the four operations fields are promised, and nothing else."""

    __array_ufunc__ = None
    __slots__ = ("parts",)

    def __init__(self, parts: dict[str, float]):
        self.parts = parts

    def __matmul__(self, other):
        return sum(x * other.parts[name] for name, x in self.parts.items())

    def __add__(self, other):
        return Named({name: x + other.parts[name] for name, x in self.parts.items()})

    def __sub__(self, other):
        return Named({name: x - other.parts[name] for name, x in self.parts.items()})

    def __rmul__(self, scalar):
        return Named({name: scalar * x for name, x in self.parts.items()})


class Streaming(PromptField):
    """Logistic prompts whose gradients exist for one prompt at a time, and are then forgotten."""

    names = ("bias", "slope", "bend")
    dim = 3

    def __init__(self, mass, features, theta, counts=None):
        self._features, self._theta = features, theta
        super().__init__(mass, 1 / (1 + np.exp(-features @ theta)), counts)
        self.passes = 0

    def _gradients(self):
        self.passes += 1
        for psi, p in zip(self._features, self.success, strict=True):
            yield Named(dict(zip(self.names, (p * (1 - p) * psi).tolist(), strict=True)))

    def mean(self, v=None):
        v = np.ones(self.size) if v is None else v
        total = Named(dict.fromkeys(self.names, 0.0))
        for m, x, g in zip(self.mass, v, self._gradients(), strict=True):
            total = total + float(m * x) * g
        return total

    def inner(self, u):
        return np.array([g @ u for g in self._gradients()])


def _pair(size=7, seed=0):
    """The same field twice: streaming and dense."""
    rng = np.random.default_rng(seed)
    features, theta = rng.normal(size=(size, 3)), rng.normal(size=3)
    mass = rng.dirichlet(np.ones(size))
    streaming = Streaming(mass, features, theta)
    p = streaming.success
    return streaming, DenseField(mass, p, (p * (1 - p))[:, None] * features)


def _field(**changes):
    arguments = {"mass": [0.25, 0.75], "success": [0.1, 0.8], "gradients": [[1.0, 2], [3, 4]]}
    return DenseField(**(arguments | changes))


def test_a_field_that_stores_no_gradient_gives_the_same_conflict_report():
    streaming, dense = _pair()
    ks = [1, 2, 5, 40]
    one, two = passk_lib.conflict(streaming, ks), passk_lib.conflict(dense, ks)
    one.table()
    for name, value in two.as_dict().items():
        if name not in ("names", "correlation", "correlation_bound"):
            assert np.allclose(one.as_dict()[name], value, rtol=1e-11, atol=1e-15), name
    assert np.allclose(
        passk_lib.conflict(streaming, ks[1:]).correlation,
        passk_lib.conflict(dense, ks[1:]).correlation,
    )


def test_a_conflict_report_needs_one_pass_per_mean_and_one_for_agreement():
    streaming, _ = _pair()
    passk_lib.conflict(streaming, [2, 5, 40])
    assert streaming.passes == 1 + 1 + 3


def test_every_default_of_the_base_class_agrees_with_the_dense_field():
    streaming, dense = _pair()
    assert np.allclose(streaming.norms(), dense.norms(), rtol=1e-13)
    assert np.allclose(passk_lib.kernel(streaming), passk_lib.kernel(dense), rtol=1e-12)
    assert np.allclose(
        passk_lib.cosine_kernel(streaming, [1, 3]), passk_lib.cosine_kernel(dense, [1, 3])
    )
    assert np.allclose(passk_lib.agreement(streaming), passk_lib.agreement(dense))
    assert list(streaming.gradient(2).parts.values()) == pytest.approx(dense.gradient(2).tolist())
    weights = np.random.default_rng(1).random((3, 7))
    for u, v in zip(streaming.means(weights), dense.means(weights), strict=True):
        assert list(u.parts.values()) == pytest.approx(v.tolist())
    products = passk_lib.gradient_products(streaming, [1, 4])
    assert np.allclose(products, passk_lib.gradient_products(dense, [1, 4]))


def test_restricting_is_conditioning_for_streaming_and_dense_fields_alike():
    streaming, dense = _pair()
    keep = np.array([True, False, True, True, False, False, True])
    for field in (streaming.restrict(keep), dense.restrict(keep)):
        mass = dense.mass[keep] / dense.mass[keep].sum()
        expected = DenseField(mass, dense.success[keep], dense.gradients[keep])
        assert field.size == 4 and field.dim == 3
        assert field.value(3) == pytest.approx(expected.value(3))
        report, truth = passk_lib.conflict(field, 3), passk_lib.conflict(expected, 3)
        assert report.inner == pytest.approx(truth.inner, rel=1e-12)
        assert report.weighted_agreement == pytest.approx(truth.inner, rel=1e-12)
    for nothing in (np.zeros(7, bool), [False] * 7):
        with pytest.raises(ValueError, match="prompts must flag a positive mass"):
            dense.restrict(nothing)
    with pytest.raises(TypeError, match="prompts must be booleans"):
        dense.restrict([0, 1, 2, 3, 4, 5, 6])


def test_the_law_of_total_expectation_joins_two_restrictions():
    _, field = _pair()
    keep = np.arange(7) < 3
    share = field.mass[keep].sum()
    parts = field.restrict(keep).value(5), field.restrict(~keep).value(5)
    assert share * parts[0] + (1 - share) * parts[1] == pytest.approx(field.value(5), rel=1e-14)


def test_mean_and_inner_are_adjoint():
    _, field = _pair()
    v, u = np.random.default_rng(2).normal(size=(7,)), np.array([1.0, -2, 0.5])
    assert field.mean(v) @ u == pytest.approx(field.mass @ (v * field.inner(u)))


def test_value_and_gradient_of_an_objective_belong_together():
    """∇J_k by finite differences of J_k over the logistic parameters."""
    rng = np.random.default_rng(3)
    features, theta, mass = rng.normal(size=(5, 3)), rng.normal(size=3), np.full(5, 0.2)

    def value(k, theta):
        return Streaming(mass, features, theta).value(k)

    for k in (1, 2, 9):
        gradient = Streaming(mass, features, theta).objective_gradient(PassAtK(k))
        for i, name in enumerate(Streaming.names):
            step = 1e-6 * np.eye(3)[i]
            slope = (value(k, theta + step) - value(k, theta - step)) / 2e-6
            assert gradient.parts[name] == pytest.approx(slope, abs=1e-9)


def test_fields_cannot_be_changed_from_outside():
    mass, success, gradients = np.full(2, 0.5), np.array([0.1, 0.2]), np.eye(2)
    field = DenseField(mass, success, gradients)
    mass[0], success[0], gradients[0, 0] = 9, 9, 9
    assert field.mass[0] == 0.5 and field.success[0] == 0.1 and field.gradients[0, 0] == 1
    for array in (field.mass, field.success, field.gradients, field.gradient(0)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        field.mass = mass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mass": [0.5, 0.6]}, r"mass must sum to 1 .*1\.1"),
        ({"mass": [1.5, -0.5]}, r"mass must be at least 0; got -0\.5 at index 1"),
        ({"mass": [0.5, np.nan]}, "mass must be finite; got nan at index 1"),
        ({"mass": [[0.5, 0.5]]}, r"mass must have shape \(any\); got \(1, 2\)"),
        ({"mass": []}, "mass must not be empty"),
        ({"success": [0.1, 1.1]}, r"success must be in \[0, 1\]; got 1\.1 at index 1"),
        ({"success": [0.1, np.nan]}, "success must be finite; got nan"),
        ({"success": [0.1]}, r"success must have shape \(2\); got \(1,\)"),
        ({"success": None}, "success must be given where there are no counts"),
        ({"gradients": [1.0, 2.0]}, r"gradients must have shape \(2, any\); got \(2,\)"),
        ({"gradients": [[1.0], [np.inf]]}, "gradients must be finite; got inf"),
        ({"gradients": np.empty((2, 0))}, "gradients must not be empty"),
    ],
)
def test_bad_fields_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        _field(**changes)


def test_masses_within_the_tolerance_are_kept_as_they_are():
    mass = np.array([0.25, 0.75 + 0.5 * MASS_TOLERANCE])
    assert np.array_equal(_field(mass=mass).mass, mass)


def test_counts_give_the_success_and_must_agree_with_it():
    counts = SampleCounts(8, [2, 5])
    field = _field(success=None, counts=counts)
    assert field.success.tolist() == [0.25, 0.625] and field.counts is counts
    assert counts.n.tolist() == [8, 8] and "sampled" in repr(field)
    _field(success=[0.25 + 0.5 * COUNT_TOLERANCE, 0.625], counts=counts)
    with pytest.raises(ValueError, match=r"success must equal c/n .*got 0\.1 for c = 2 of n = 8"):
        _field(success=[0.1, 0.625], counts=counts)
    with pytest.raises(ValueError, match=r"counts must have shape \(2,\), as mass; got \(3,\)"):
        _field(success=None, counts=SampleCounts(8, [1, 2, 3]))
    with pytest.raises(TypeError, match="counts must be SampleCounts"):
        _field(counts=(8, 2))
    with pytest.raises(ValueError, match="c must be at most n; got c = 9 correct of n = 8"):
        SampleCounts(8, [2, 9])
    restricted = field.restrict([False, True])
    assert restricted.counts.c.tolist() == [5]


def test_vectors_and_weights_of_the_wrong_kind_are_refused():
    field = _field()
    with pytest.raises(ValueError, match=r"v must have shape \(2\); got \(3,\)"):
        field.mean([1, 2, 3])
    with pytest.raises(ValueError, match=r"u must have shape \(2\); got \(1,\)"):
        field.inner([1.0])
    with pytest.raises(ValueError, match="u must be finite"):
        field.inner([np.nan, 1])
    with pytest.raises(ValueError, match="i must be less than 2, the number of prompts; got 5"):
        field.gradient(5)
    with pytest.raises(ValueError, match="i must be an integer from 0"):
        field.gradient(-1)


def test_a_prompt_of_mass_zero_has_no_gradient_that_means_could_tell():
    streaming = Streaming(np.array([1.0, 0.0]), np.ones((2, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="gradient of prompt 1 needs a mass above 0"):
        streaming.gradient(1)


def test_an_infinite_weight_is_refused_and_the_prompt_named():
    class Log(Objective):
        name = "log"

        def value(self, p):
            with np.errstate(divide="ignore"):
                return np.log(p)

        def weight(self, p):
            with np.errstate(divide="ignore"):
                return 1 / np.asarray(p)

    assert _field().weight(Log()).tolist() == pytest.approx([10, 1.25])
    hopeless = _field(success=[0.1, 0.0])
    message = r"weight of log must be finite .*got inf at success 0\.0, index 1"
    with pytest.raises(ValueError, match=message):
        hopeless.objective_gradient(Log())
    with pytest.raises(ValueError, match=message):
        passk_lib.conflict(hopeless, Log())


def test_norms_of_tiny_gradients_do_not_underflow():
    field = _field(gradients=[[3e-200, 4e-200], [0.0, 0.0]])
    assert field.norms().tolist() == pytest.approx([5e-200, 0], rel=1e-15)


def test_the_base_class_names_what_a_subclass_must_define():
    with pytest.raises(TypeError, match=r"dim.*inner.*mean"):
        PromptField([1.0], [0.5])
