"""One source of formulas: SymPy, NumPy, JavaScript and the library agree."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from passk_lib.bandit import BanditPrompts
from passk_lib.bandit import expit as numpy_expit
from passk_lib.objectives import (
    AllCorrect,
    ArcsinSqrt,
    Entropic,
    LogP,
    PassAtK,
    PowerMean,
    pass_at_k,
    weight,
)
from passk_lib.widgets import formulas
from passk_lib.widgets.formulas import FORMULAS, expit, numpy_function, softplus

POINTS = 20_000


def random_arguments(name, size=POINTS):
    rng = np.random.default_rng(20260221)
    k = np.round(np.exp(rng.uniform(0, np.log(1000), size)))
    if name in ("prompt", "promptAt", "promptFail"):
        theta, psi = rng.uniform(-6, 6, (2, size)), np.stack([np.ones(size), rng.normal(size=size)])
        label = rng.choice([-1.0, 1.0], size)
        return [*theta, *psi, label, *([k] if name == "promptAt" else [])]
    if name.endswith("At") and name != "promptAt":
        m = rng.uniform(-40, 40, size)
        parameter = {
            "passAtKAt": k,
            "allCorrectAt": k,
            "powerAt": rng.uniform(0.05, 4, size),
            "entropicAt": rng.uniform(0.1, 10, size) * rng.choice([-1, 1], size),
        }
        return [m, *([parameter[name]] if name in parameter else [])]
    if name == "passAtK":
        return [rng.uniform(size=size) ** 3 * 0.999999, k]
    eps, delta = np.sort(rng.uniform(0.001, 0.999, (2, size)), axis=0)
    q, m = rng.uniform(0.01, 0.99, (2, size))
    return [eps * 0.9, delta, q, m, rng.uniform(0.1, 50, size)]


def test_committed_javascript_is_what_sympy_prints():
    assert formulas.MODULE.read_text(encoding="utf8") == formulas.javascript_module()


def test_gradient_of_success_is_sympys_own_derivative_of_the_logistic():
    m = sp.Symbol("m", real=True)
    plain = 1 / (1 + sp.exp(-m))
    assert sp.simplify(expit(m).diff(m).replace(expit, lambda x: 1 / (1 + sp.exp(-x)))
                       - plain.diff(m)) == 0  # fmt: skip
    assert softplus(m).diff(m) == expit(m)


def test_weight_is_the_derivative_of_pass_at_k():
    p, k = FORMULAS["passAtK"].arguments
    value, w = FORMULAS["passAtK"].results.values()
    for at, power in [(sp.Rational(1, 7), 3), (sp.Rational(9, 10), 12), (sp.Rational(1, 2), 1)]:
        numbers = {p: at, k: power}
        assert abs(sp.N(value.diff(p).subs(numbers) - w.subs(numbers), 40)) < 1e-35


TRANSFORMS = {
    "passAtKAt": PassAtK,
    "logPAt": LogP,
    "arcsinAt": ArcsinSqrt,
    "powerAt": PowerMean,
    "entropicAt": Entropic,
    "allCorrectAt": AllCorrect,
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_of_the_margin_is_the_librarys_and_its_weight_its_slope(name):
    formula = FORMULAS[name]
    m, *rest = formula.arguments
    value, w = formula.results.values()
    # dF/dm against w dp/dm, relative to the latter, in plain functions
    gap = value.diff(m) / (w * expit(m).diff(m)) - 1
    plain = gap.replace(expit, lambda x: 1 / (1 + sp.exp(-x)))
    plain = plain.replace(softplus, lambda x: sp.log(1 + sp.exp(x)))
    arguments = [a[:200] for a in random_arguments(name)]
    arguments[0] = arguments[0] / 4  # where p and 1 - p, as the library takes them, both stand
    for point in np.transpose(arguments)[:20]:
        numbers = dict(zip((m, *rest), map(sp.Rational, point), strict=True))
        assert abs(sp.N(plain.subs(numbers), 20)) < 1e-12
    found = numpy_function(name)(*arguments)
    p = numpy_expit(arguments[0])
    for i in range(200):
        parameter = [a[i] for a in arguments[1:]]
        if name in ("passAtKAt", "allCorrectAt"):
            parameter = [int(parameter[0])]
        objective = TRANSFORMS[name](*parameter)
        assert found[0][i] == pytest.approx(objective.value(p[i]), rel=1e-9, abs=1e-300)
        assert found[1][i] == pytest.approx(objective.weight(p[i]), rel=1e-9, abs=1e-300)


@mpmath.workdps(50)
def test_printed_numpy_equals_the_core_library():
    args = random_arguments("promptAt", 400)
    for index in range(0, 400, 40):
        t1, t2, f1, f2, label, k = (a[index] for a in args)
        prompts = BanditPrompts(np.array([[f1, f2]]), np.array([label > 0]), np.ones(1))
        field = prompts.field([t1, t2])
        p, g1, g2, value, w, log_fail = numpy_function("promptAt")(t1, t2, f1, f2, label, k)
        np.testing.assert_allclose(p, field.success[0], rtol=1e-14)
        np.testing.assert_allclose([g1, g2], field.gradients[0], rtol=1e-13)
        mp_p = 1 / (1 + mpmath.exp(-label * (mpmath.mpf(t1) * f1 + mpmath.mpf(t2) * f2)))
        np.testing.assert_allclose(value, float(1 - (1 - mp_p) ** int(k)), rtol=1e-12)
        np.testing.assert_allclose(w, float(k * (1 - mp_p) ** int(k - 1)), rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(log_fail, float(mpmath.log(1 - mp_p)), rtol=1e-12)
    p, k = random_arguments("passAtK", 500)
    value, w = numpy_function("passAtK")(p, k)
    np.testing.assert_allclose(value, pass_at_k(p, k.astype(int)), rtol=1e-13)
    np.testing.assert_allclose(w, weight(p, k.astype(int)), rtol=1e-12)


@pytest.mark.browser
@pytest.mark.parametrize("name", list(FORMULAS))
def test_browser_agrees_with_numpy(name, run_module):
    args = random_arguments(name)
    body = f"""(module, columns) => columns[0].map((_, i) => {{
        const out = new Float64Array({len(FORMULAS[name].results)});
        return Array.from(module.{name}(...columns.map(column => column[i]), out));
    }})"""
    browser = np.array(run_module(formulas.javascript_module(), body, [a.tolist() for a in args]))
    numpy = np.stack(numpy_function(name)(*args), axis=1)
    assert np.isfinite(numpy).all()
    error = np.abs(browser - numpy) / np.maximum(1, np.abs(numpy))
    assert error.max() < 1e-12
    print(f"\n{name}: largest difference {error.max():.1e} on {len(numpy)} random points")


@pytest.mark.browser
def test_a_naive_formula_would_be_found_out(run_module):
    """Negative control: 1 - (1 - p)^k formed from p loses what the stable form keeps."""
    p, k = 1e-10, 7
    naive, stable = run_module(
        formulas.javascript_module(),
        "(m, p, k) => [1 - (1 - p) ** k, m.passAtK(p, k, [0, 0])[0]]", p, k,
    )  # fmt: skip
    with mpmath.workdps(50):
        exact = float(1 - (1 - mpmath.mpf(p)) ** k)
    assert abs(stable / exact - 1) < 1e-15 < 1e-8 < abs(naive / exact - 1)
