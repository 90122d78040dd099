"""Assignment 5, "Ascent and mitigation": right answers written in other ways, and the usual wrong
ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

OBJECTIVE = """
def objective(theta, psi, hard, k):
    psi, sign = np.asarray(psi), np.where(hard, 1.0, -1.0)
    p = 1 / (1 + np.exp(-sign * (psi @ np.asarray(theta))))
    gradients = (sign * p * (1 - p))[:, None] * psi
    weights = k * (1 - p)**(k - 1)
    return float(np.mean(1 - (1 - p)**k)), weights @ gradients / len(p)
"""

CLIMB = """
def climb(theta, psi, hard, k, length, steps):
    points = [np.array(theta, dtype=float)]
    for _ in range(steps):
        g = objective(points[-1], psi, hard, k)[1]
        norm = np.sqrt(g @ g)
        points.append(points[-1] + (length * g / norm if norm else 0))
    return np.array(points)
"""

MITIGATIONS = """
def smallest_mix(one, cross, other):
    return max(0.0, -cross) / (one + max(0.0, -cross))

def projection(one, cross, other):
    return max(0.0, -cross / one), 1.0
"""

LONGEST = """
def longest_step(one, cross, other, alpha, beta, L1, Lk):
    square = alpha**2 * one + 2 * alpha * beta * cross + beta**2 * other
    first, second = alpha * one + beta * cross, alpha * cross + beta * other
    return max(0.0, min(2 * first / (L1 * square), 2 * second / (Lk * square)))
"""

WALK = """
from passk_lib.ascent import ascend
from passk_lib import mitigation

def walk(chosen, k=5, steps=40, start=theta_start, length=0.1):
    way = mitigation.along(chosen, k) if chosen else None
    return ascend(prompts.field, np.array(start), k, length=length, steps=steps,
                  direction=way).thetas
"""

RIGHT = {
    "ascent-1": {
        "loops": """
def objective(theta, psi, hard, k):
    total, gradient = 0.0, [0.0, 0.0]
    for (x, s), is_hard in zip(psi, hard):
        sign = 1 if is_hard else -1
        p = 1 / (1 + np.exp(-sign * (theta[0] * x + theta[1] * s)))
        total += 1 - (1 - p)**k
        w = k * (1 - p)**(k - 1) * p * (1 - p) * sign
        gradient = [gradient[0] + w * x, gradient[1] + w * s]
    return [total / len(psi), [g / len(psi) for g in gradient]]
""",
        "library": """
from passk_lib.bandit import BanditPrompts
def objective(theta, psi, hard, k):
    field = BanditPrompts(psi, hard, np.full(len(psi), 1 / len(psi))).field(theta)
    return field.value(k), field.objective_gradient(k)
""",
    },
    "ascent-2": {
        "zero kept apart": CLIMB,
        "filled in place": """
def climb(theta, psi, hard, k, length, steps):
    points = np.tile(np.array(theta, dtype=float), (steps + 1, 1))
    for i in range(steps):
        g = np.array(objective(points[i], psi, hard, k)[1])
        points[i + 1] = points[i]
        if g.any():
            points[i + 1] += g * (length / np.hypot(*g))
    return points.tolist()
""",
    },
    "ascent-3": {
        "with max": MITIGATIONS,
        "library": """
from passk_lib.mitigation import Gram, no_loss_mix, one_sided
def smallest_mix(one, cross, other):
    return no_loss_mix()(Gram(one, cross, other))[0]
def projection(one, cross, other):
    return list(one_sided()(Gram(one, cross, other)))
""",
    },
    "ascent-4": {
        "one after the other": LONGEST,
        "library": """
from passk_lib.mitigation import Gram, safe_step
def longest_step(one, cross, other, alpha, beta, L1, Lk):
    return safe_step(Gram(one, cross, other), (alpha, beta), L1, Lk)
""",
    },
    "ascent-5": {
        "library": WALK + "path = walk(mitigation.pcgrad())",
        "surgery, then the projection": WALK
        + """
first = walk(mitigation.pcgrad(), steps=30)
path = np.concatenate([first, walk(mitigation.one_sided(), steps=10, start=first[-1])[1:]])
""",
        "shorter steps at the end": WALK
        + """
first = walk(mitigation.pcgrad(), steps=32)
path = [*first, *walk(mitigation.pcgrad(), steps=5, start=first[-1], length=0.02)[1:]]
""",
    },
}

WRONG = {
    "ascent-1": {
        "k times too small": OBJECTIVE.replace("k * (1 - p)**(k - 1)", "(1 - p)**(k - 1)"),
        "without weights": OBJECTIVE.replace("weights @", "np.ones(len(p)) @"),
        "power k": OBJECTIVE.replace("(1 - p)**(k - 1)", "(1 - p)**k"),
        "easy as hard": OBJECTIVE.replace("(sign * p *", "(p *"),
        "sum": OBJECTIVE.replace(" / len(p)", ""),
    },
    "ascent-2": {
        "not normalised": CLIMB.replace("length * g / norm", "length * g"),
        "pass@1": CLIMB.replace("hard, k)[1]", "hard, 1)[1]"),
        "without the start": CLIMB.replace("np.array(points)", "np.array(points[1:])"),
        "not a number at a maximum": CLIMB.replace(
            "(length * g / norm if norm else 0)", "length * g / norm"
        ),
        "one gradient for all steps": CLIMB.replace("objective(points[-1]", "objective(theta"),
    },
    "ascent-3": {
        "mixture without conflict": MITIGATIONS.replace(
            "max(0.0, -cross) / (one + max(0.0, -cross))", "-cross / (one - cross)"
        ),
        "share of pass@k": MITIGATIONS.replace(
            "max(0.0, -cross) / (one + max(0.0, -cross))", "one / (one + max(0.0, -cross))"
        ),
        "more than everything where cross exceeds one": MITIGATIONS.replace(
            "max(0.0, -cross) / (one + max(0.0, -cross))", "max(0.0, -cross / (one - cross))"
        ),
        "projection without conflict": MITIGATIONS.replace(
            "max(0.0, -cross / one), 1.0", "-cross / one, 1.0"
        ),
        "projected on the other": MITIGATIONS.replace(
            "max(0.0, -cross / one), 1.0", "max(0.0, -cross / other), 1.0"
        ),
        "exchanged": MITIGATIONS.replace(
            "max(0.0, -cross / one), 1.0", "1.0, max(0.0, -cross / one)"
        ),
    },
    "ascent-4": {
        "half as long": LONGEST.replace("2 * first", "first").replace("2 * second", "second"),
        "without the length of d": LONGEST.replace(" * square)", ")"),
        "pass@k alone": LONGEST.replace("min(2 * first / (L1 * square), 2 * second", "(2 * second"),
        "negative": LONGEST.replace(
            "max(0.0, min(2 * first / (L1 * square), 2 * second / (Lk * square)))",
            "min(2 * first / (L1 * square), 2 * second / (Lk * square))",
        ),
        "cross term forgotten": LONGEST.replace(" + 2 * alpha * beta * cross", ""),
    },
    "ascent-5": {
        "plain pass@5": WALK + "path = walk(None)",
        "pass@1": WALK + "path = walk(None, k=1)",
        "projection alone": WALK + "path = walk(mitigation.one_sided())",
        "min-norm": WALK + "path = walk(mitigation.min_norm())",
        "half and half": WALK + "path = walk(mitigation.mix(0.5))",
        "long steps": WALK + "path = walk(mitigation.pcgrad(), length=0.2, steps=20)",
        "another start": WALK + "path = walk(mitigation.pcgrad(), start=(-1.0, -1.0))",
        "the end alone": WALK + "path = walk(mitigation.pcgrad())[[0, -1]]",
    },
}
