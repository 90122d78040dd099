"""The live figures seen from Python: state that can be read, set and observed, and is checked."""

import base64
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import traitlets

from passk_lib import widgets
from passk_lib.ascent import ascend
from passk_lib.bandit import Toy
from passk_lib.interference import conflict
from passk_lib.mitigation import along, no_loss_mix
from passk_lib.widgets import (
    ConflictMap,
    Experiment,
    KernelHeatmap,
    Mitigations,
    Objectives,
    StepSize,
    Threshold,
    TwoPrompts,
    Weights,
)

FIGURES = [getattr(widgets, name) for name in widgets.__all__ if name != "LiveFigure"]
every_figure = pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
PACKAGE = Path(widgets.__file__).parent
SOURCES = Path(__file__).resolve().parents[2] / "tools" / "figures"


@every_figure
def test_state_is_read_set_and_observed(make):
    figure = make()
    assert set(figure.state()) == set(make.state_names())
    seen = []
    if "k" in figure.state():
        figure.observe(lambda change: seen.append(change.new), "k")
        figure.k = 3
        assert figure.k == 3 and seen == [3]
        figure.reset()
        assert figure.k == make().k
    else:
        figure.observe(lambda change: seen.append(change.new), "delta")
        figure.delta = 1
        assert figure.delta == 1.0 and seen == [1.0]


@pytest.mark.parametrize(
    ("make", "name", "value", "error", "allowed"),
    [
        (ConflictMap, "k", 0, ValueError, "an integer from 1 to 1000"),
        (ConflictMap, "k", 2.5, TypeError, "an integer from 1 to 1000"),
        (ConflictMap, "k", True, TypeError, "an integer from 1 to 1000"),
        (ConflictMap, "k", 10**30, ValueError, "an integer from 1 to 1000"),
        (ConflictMap, "k", [2, 3], ValueError, "an integer from 1 to 1000"),
        (ConflictMap, "theta", [0, 9], ValueError, "from -5 to 5"),
        (ConflictMap, "theta", [0, 0, 0], ValueError, r"shape \(2\)"),
        (ConflictMap, "theta", [0, np.nan], ValueError, "finite"),
        (ConflictMap, "theta", "here", TypeError, "real numbers"),
        (ConflictMap, "p_hard", 1, ValueError, "at most 0.95"),
        (ConflictMap, "delta", np.inf, ValueError, "finite"),
        (ConflictMap, "ascent", "pass@7", ValueError, "'pass@k', 'pass@1'"),
        (ConflictMap, "ascent", ["pass@k"], ValueError, "'pass@k', 'pass@1'"),
        (Weights, "mass", [1.0] * 19, ValueError, r"shape \(20\)"),
        (Weights, "mass", [0.0] * 20, ValueError, "a positive entry"),
        (Weights, "mass", [-1.0] + [1.0] * 19, ValueError, "at least 0"),
        (Threshold, "prompts", [[1, 1.0, 2]], ValueError, "from 0.001 to 0.999"),
        (Threshold, "prompts", [[0, 0.5, 2]], ValueError, "masses"),
        (Threshold, "prompts", [[1, 0.5]], ValueError, r"shape \(any, 3\)"),
        (Threshold, "prompts", [[1, 0.5, 2]] * 9, ValueError, "at most 8 rows"),
        (KernelHeatmap, "pair", [0, 160], ValueError, "from 0 to 159"),
        (KernelHeatmap, "pair", [0, 1.5], ValueError, "whole numbers"),
        (StepSize, "eta", 0, ValueError, "at least 1e-05"),
        (Experiment, "k", 33, ValueError, "an integer from 1 to 32"),
        (Experiment, "estimator", "best", ValueError, "'unbiased', 'plug-in', 'exact'"),
        (Experiment, "delta1", 0.4, ValueError, "at least 0.5"),
        (Mitigations, "method", "hope", ValueError, "'one-sided', 'pass@1'"),
        (Mitigations, "lam", 1.1, ValueError, "at most 1"),
        (Mitigations, "k", 1, ValueError, "an integer from 2 to 1000"),
        (Objectives, "objective", "pass@7", ValueError, "'log p', 'pass@k'"),
        (Objectives, "a", 0, ValueError, "at least 0.05"),
        (Objectives, "t", 11, ValueError, "at most 10"),
        (TwoPrompts, "psi_easy", [2, 0], ValueError, "from -1.5 to 1.5"),
    ],
)
def test_a_bad_value_raises_a_clear_error_and_changes_nothing(make, name, value, error, allowed):
    figure = make()
    before = figure.state()
    with pytest.raises(error, match=allowed) as caught:
        setattr(figure, name, value)
    assert str(caught.value).startswith(name)
    assert figure.state() == before
    with pytest.raises(error, match=allowed):
        make(**{name: value})


@every_figure
def test_an_unknown_name_is_refused_and_the_known_ones_are_listed(make):
    with pytest.raises(
        TypeError, match=f"{make.__name__} has no 'kk'; it has .*(theta|mass|prompts|k)"
    ):
        make(kk=3)


def test_arrays_and_numpy_integers_are_taken():
    figure = ConflictMap(theta=np.array([1, 2]), k=np.int64(7))
    assert figure.theta == (1.0, 2.0) and figure.k == 7 and type(figure.k) is int


@every_figure
def test_an_entry_cannot_be_changed_behind_the_check_only_a_whole_value(make):
    figure = make()
    before = figure.state()
    for name, value in before.items():
        if np.ndim(value) == 0:
            continue
        with pytest.raises(TypeError, match="does not support item assignment"):
            getattr(figure, name)[0] = 99
        with pytest.raises(AttributeError, match="append"):
            getattr(figure, name).append(99)
        if np.ndim(value) == 2:
            with pytest.raises(TypeError, match="does not support item assignment"):
                getattr(figure, name)[0][0] = 99
        setattr(figure, name, np.array(value).tolist())  # what one can change is a list
    assert figure.state() == before == make().state()


@every_figure
def test_the_browser_is_sent_lists_and_what_it_sends_is_checked(make):
    figure = make()
    sent = json.loads(json.dumps(figure.get_state(figure.state_names())))
    assert sent == json.loads(json.dumps(figure.state()))
    for name, value in sent.items():
        if isinstance(value, list):
            figure.set_state({name: [value[0], *reversed(value[1:])]})
            assert isinstance(getattr(figure, name), tuple)
    figure.reset()
    figure.set_state(sent)
    assert figure.state() == make().state()


@every_figure
def test_a_misspelt_name_is_refused_when_it_is_set_and_the_right_ones_are_listed(make):
    figure = make()
    with pytest.raises(
        AttributeError, match=f"{make.__name__} has no 'kk'; it has .*(theta|mass|prompts|k)"
    ):
        figure.kk = 3
    assert not hasattr(figure, "kk")
    figure.layout.width = "50%"  # what every widget has stays as it is
    figure.layout, figure.tooltip, figure.tabbable = {"width": "60%"}, "moves", True
    figure.close()
    assert figure.comm is None


@pytest.mark.filterwarnings("error")
@every_figure
def test_a_picture_is_drawn_without_a_warning_where_nothing_conflicts(make):
    figure = make()
    if "theta" in figure.state():
        figure.theta = [0, 4]
    figure.picture()


def test_a_python_trait_can_be_linked_to_another():
    class Other(traitlets.HasTraits):
        k = traitlets.Int(5)

    other, figure = Other(), ConflictMap()
    traitlets.link((other, "k"), (figure, "k"))
    other.k = 8
    assert figure.k == 8


def test_section_3_3_opens_with_the_papers_numbers():
    n = TwoPrompts().numbers()
    paper = {"p_easy": 0.86, "p_hard": 0.10, "w_hard": 3.88, "kappa": -0.01,
             "cosine_prompts": -0.98, "cosine": -0.77, "J_1": 0.48, "J_1_after": 0.46,
             "J_k": 0.83, "J_k_after": 0.95}  # fmt: skip
    assert {key: round(n[key], 2) for key in paper} == paper
    assert f"{n['w_easy']:.2e}" == "2.33e-07"


def test_the_conflict_map_is_the_conflict_report():
    figure = ConflictMap(theta=[-1.0, 0.5], k=4, delta=1.0, p_hard=0.3)
    report = conflict(Toy(1.0, 0.3).quadrature().field([-1.0, 0.5]), 4)
    assert figure.numbers()["inner"] == report.inner
    assert figure.numbers()["cosine"] == report.cosine


@pytest.mark.parametrize("name", Objectives.objective.options)
def test_an_objectives_gradient_is_the_slope_of_its_mean_and_its_cosine_the_conflict(name):
    figure = Objectives(objective=name, theta=[-1.2, 0.7], delta=0.6, k=4, a=0.6, t=3)
    n, step = figure.numbers(), 1e-5
    field = Toy(0.6, 0.4).quadrature().field(figure.theta)
    along = field.mean() * step
    ends = [Objectives(**{**figure.state(), "theta": np.array(figure.theta) + sign * along})
            for sign in (1, -1)]  # fmt: skip
    change = [end.numbers()["J_F"] for end in ends]
    assert (change[0] - change[1]) / 2 / step == pytest.approx(n["inner"], rel=1e-5)
    report = conflict(field, 4)
    if name == "pass@k":
        assert n["cosine"] == pytest.approx(float(report.cosine))
    if name == "pass@1":
        assert n["cosine"] == pytest.approx(1)
    ends = np.diff(figure.path(), axis=0)
    np.testing.assert_allclose(np.linalg.norm(ends, axis=1), figure.length)


def test_at_the_papers_point_pass_at_10_conflicts_and_all_of_10_correct_does_not():
    assert Objectives(objective="pass@k").numbers()["cosine"] < -0.1
    assert Objectives(objective="pass^k").numbers()["cosine"] > 0.3


def test_at_the_papers_point_each_mitigation_does_what_was_proved_of_it():
    figure = Mitigations()
    n = figure.numbers()
    one, many = (
        dict(zip(figure.methods, column, strict=True)) for column in np.transpose(n["ends"])
    )
    assert one["pass@k"] < n["J_1"] - 0.02  # pass@10 alone pays, and so do clipped weights
    assert one["clipped"] < n["J_1"] - 0.02
    assert abs(one["one-sided"] - n["J_1"]) < 0.002
    for name in ("mix", "surgery", "min-norm"):
        assert one[name] > n["J_1"] and many[name] > n["J_k"]
    # The smallest mix without loss goes where the one-sided projection goes.
    way = ascend(Toy().quadrature().field, figure.theta, 10, length=0.05, steps=60,
                 direction=along(no_loss_mix(), 10))  # fmt: skip
    np.testing.assert_allclose(way.thetas, figure.trajectory().thetas, atol=1e-9)
    for method in figure.methods:
        moved = np.diff(figure.trajectory(method).thetas, axis=0)
        np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 0.05)


def test_the_re_entrant_case_and_the_toy_are_what_the_presets_say():
    back = Threshold(
        margin=1, prompts=[[1, 0.01, -2], [2, 0.2, 20], [600, 0.5, -1], [200, 0.9, 10]]
    ).numbers()
    assert back["intervals"] == [[2, 7], [15, 1000]]
    assert round(back["k_star"], 1) == 63.1
    only = Threshold(margin=1, prompts=[[1, 0.1, 1], [1, 0.5, -3], [1, 0.9, 5]]).numbers()
    assert only["intervals"] == [[2, 2]] and only["k_star"] is None
    assert Threshold(source="toy").numbers()["intervals"] == [[4, 93]]


@every_figure
def test_a_figure_brings_a_picture_with_words_for_those_who_cannot_see_it(make):
    from PIL import Image

    figure = make()
    data, metadata = figure._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width > 600
    assert len(data["image/png"]) < 200_000
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["alt"] == figure.describe() == data["text/plain"]


@every_figure
def test_repr_is_the_call_that_makes_the_figure(make):
    figure = make()
    assert eval(repr(figure), {make.__name__: make}).state() == figure.state()


def test_figures_of_one_kernel_share_one_code():
    assert ConflictMap()._code is Weights()._code
    ConflictMap()._code.close()
    assert ConflictMap()._code.comm is not None


def test_importing_the_figures_needs_neither_sympy_nor_matplotlib():
    check = (
        "import sys, passk_lib.widgets; "
        "assert not {'sympy', 'matplotlib', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_bundle_was_made_from_the_sources_as_they_are():
    digest = hashlib.sha256()
    for path in sorted((SOURCES / "src").iterdir(), key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((SOURCES / "package-lock.json").read_bytes())
    first_line = (PACKAGE / "static" / "figures.js").read_text(encoding="utf8").splitlines()[0]
    assert digest.hexdigest() in first_line, "run `npm ci && npm run build` in tools/figures"


def test_licences_of_what_is_bundled_stand_beside_it():
    text = (PACKAGE / "static" / "LICENSES.md").read_text(encoding="utf8")
    for name in ("d3-axis", "d3-contour", "d3-drag", "d3-scale", "d3-selection"):
        assert f"{name} " in text
    assert text.count("Copyright") >= 5


def test_the_lock_file_names_no_registry():
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf8")
    assert '"resolved"' not in lock and "https://registry" not in lock
