"""Assignment 3, "Derivations": right answers written in other ways, and the usual wrong ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

WEIGHT = """
p, k = sp.symbols("p k")
weight_steps = [sp.Derivative(1 - (1 - p)**k, p), k * (1 - p)**(k - 1)]
half_weight = 1 - 2**(-1 / (k - 1))
"""

TOY = """
m, p, s, k = sp.symbols("m p s k")
E = sp.exp(-m)
slope_steps = [sp.Derivative(1 / (1 + E), m), E / (1 + E)**2, 1 / (1 + E) * (1 - 1 / (1 + E))]
gradient_easy = [-k * p * (1 - p)**k, -k * p * (1 - p)**k * s]
"""

SCORES = """
u, v, s, t = sp.symbols("u v s t")
cross = u * v * (1 + s * t)
agreement_easy = (u**2 * (1 + s**2) - cross) / 2
agreement_hard = (v**2 * (1 + t**2) - cross) / 2
square = (agreement_easy + agreement_hard) / 2
"""

COVARIANCE = """
mu, w1, w2, a1, a2 = sp.symbols("mu w1 w2 a1 a2")
Ew, Ea = mu * w1 + (1 - mu) * w2, mu * a1 + (1 - mu) * a2
covariance = mu * (1 - mu) * (w1 - w2) * (a1 - a2)
inner_steps = [mu * w1 * a1 + (1 - mu) * w2 * a2,
               mu * (w1 - Ew) * (a1 - Ea) + (1 - mu) * (w2 - Ew) * (a2 - Ea) + Ew * Ea,
               Ew * Ea + covariance]
"""

THRESHOLD = """
q, m, b, e, d, G2 = sp.symbols("q m b e d G2")
R = sp.log((1 - e) / (1 - d))
crossing = 1 + sp.log((1 - q) * b / (q * m)) / R
gap_steps = [1 + sp.log((1 - q) * G2 / (q * m)) / R - crossing,
             (sp.log(G2) - sp.log(b)) / R]
"""

RIGHT = {
    "derivations-1": {
        "chain rule": """
p, k = sp.symbols("p k", positive=True)
F = 1 - (1 - p)**k
weight_steps = (sp.diff(F, p, evaluate=False), -k * (1 - p)**(k - 1) * (-1) * sp.Integer(1),
                k * (1 - p)**k / (1 - p), sp.exp(sp.log(k) + (k - 1) * sp.log(1 - p)))
half_weight = 1 - sp.exp(-sp.log(2) / (k - 1))
""",
        "from failures": """
p, k = sp.symbols("p k")
weight_steps = [-sp.Derivative((1 - p)**k, p), (1 - p)**k * k / (1 - p)]
half_weight = 1 - sp.Rational(1, 2)**(1 / (k - 1))
""",
    },
    "derivations-2": {
        "with p": TOY,
        "hyperbolic": """
m, p, s, k = sp.symbols("m p s k", real=True)
slope_steps = [sp.Derivative(1 / (1 + sp.exp(-m)), m), 1 / (2 + sp.exp(m) + sp.exp(-m)),
               1 / (4 * sp.cosh(m / 2)**2)]
g = -k * (1 - p)**(k - 1) * (p - p**2)
gradient_easy = sp.Matrix([g, s * g])
""",
    },
    "derivations-3": {
        "by the mean": SCORES,
        "from vectors": """
u, v, s, t = sp.symbols("u v s t")
easy, hard = sp.Matrix([-u, -u * s]), sp.Matrix([v, v * t])
mean = (easy + hard) / 2
agreement_easy, agreement_hard = easy.dot(mean), hard.dot(mean)
square = sp.expand(mean.dot(mean))
""",
    },
    "derivations-4": {
        "centred": COVARIANCE,
        "expanded": """
mu, w1, w2, a1, a2 = sp.symbols("mu w1 w2 a1 a2")
covariance = (mu - mu**2) * (w2 - w1) * (a2 - a1)
inner = mu * w1 * a1 + (1 - mu) * w2 * a2
means = (mu * w1 + (1 - mu) * w2) * (mu * a1 + (1 - mu) * a2)
inner_steps = [inner, sp.expand(inner), means + sp.expand(inner - means),
               means + sp.factor(sp.expand(inner - means))]
""",
    },
    "derivations-5": {
        "logs apart": THRESHOLD,
        "roots": """
q, m, b, e, d, G2 = sp.symbols("q m b e d G2", positive=True)
R = sp.log(1 - d) - sp.log(1 - e)
crossing = 1 - (sp.log(1 - q) + sp.log(b) - sp.log(q) - sp.log(m)) / R
k_star = 1 - (sp.log(1 - q) + sp.log(G2) - sp.log(q) - sp.log(m)) / R
gap_steps = [k_star - crossing, (sp.log(b) - sp.log(G2)) / R]
""",
    },
}

WRONG = {
    "derivations-1": {
        "wrong sign": WEIGHT.replace(", k * (1", ", -k * (1"),
        "k times too small": WEIGHT.replace(", k * (1", ", (1"),
        "power not lowered": WEIGHT.replace("(1 - p)**(k - 1)]", "(1 - p)**k]"),
        "only one step": WEIGHT.replace("sp.Derivative(1 - (1 - p)**k, p), ", ""),
        "one step twice": WEIGHT.replace(
            "sp.Derivative(1 - (1 - p)**k, p)", "k * (1 - p)**(k - 1)"
        ),
        "half at k = 2": WEIGHT.replace("1 - 2**(-1 / (k - 1))", "sp.Rational(1, 2)"),
        "k-th root": WEIGHT.replace("2**(-1 / (k - 1))", "2**(-1 / k)"),
        "right up to k = 5": WEIGHT.replace(
            "half_weight = ", "half_weight = (k - 2) * (k - 3) * (k - 4) * (k - 5) + "
        ),
    },
    "derivations-2": {
        "sign of the inner derivative": TOY.replace("m), E / (1", "m), -E / (1"),
        "easy as hard": TOY.replace("[-k * p * (1 - p)**k, -k", "[k * p * (1 - p)**k, k"),
        "no slope": TOY.replace("-k * p * (1 - p)**k", "-k * (1 - p)**(k - 1)"),
        "no feature": TOY.replace("(1 - p)**k * s]", "(1 - p)**k]"),
        "right for k = 2 only": TOY.replace("-k * p * (1 - p)**k", "-2 * p * (1 - p)**2"),
        "too few steps": TOY.replace("E / (1 + E)**2, ", ""),
    },
    "derivations-3": {
        "plus instead of minus": SCORES.replace("- cross", "+ cross"),
        "sum instead of mean": SCORES.replace("- cross) / 2", "- cross)"),
        "without itself": SCORES.replace("(u**2 * (1 + s**2) - cross)", "(-cross)"),
        "hard score with the easy feature": SCORES.replace(
            "v**2 * (1 + t**2)", "v**2 * (1 + s**2)"
        ),
        "square of the sum": SCORES.replace("agreement_hard) / 2", "agreement_hard) * 2"),
    },
    "derivations-4": {
        "covariance with a minus": COVARIANCE.replace("Ea + covariance", "Ea - covariance"),
        "negative covariance": COVARIANCE.replace("(w1 - w2) * (a1 - a2)", "(w2 - w1) * (a1 - a2)"),
        "half for mu": COVARIANCE.replace("covariance = mu * (1 - mu)", "covariance = mu / 2"),
        "without the covariance": COVARIANCE.replace("Ew * Ea + covariance]", "Ew * Ea]"),
        "masses forgotten": COVARIANCE.replace("[mu * w1 * a1 + (1 - mu)", "[w1 * a1 + 1"),
    },
    "derivations-5": {
        "k - 1": THRESHOLD.replace("crossing = 1 + ", "crossing = "),
        "shares exchanged": THRESHOLD.replace("(1 - q) * b / (q * m)", "q * b / ((1 - q) * m)"),
        "fraction the wrong way up": THRESHOLD.replace("(1 - e) / (1 - d)", "(1 - d) / (1 - e)"),
        "wrong sign at the end": THRESHOLD.replace(
            "sp.log(G2) - sp.log(b)", "sp.log(b) - sp.log(G2)"
        ),
        "q and m still there": THRESHOLD.replace(
            "(sp.log(G2) - sp.log(b)) / R", "(sp.log(G2 * q * m) - sp.log(b * q * m)) / R"
        ),
        "log of the difference": THRESHOLD.replace(
            "(sp.log(G2) - sp.log(b)) / R", "sp.log(G2 - b) / R"
        ),
    },
}
