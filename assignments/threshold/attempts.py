"""Assignment 4, "The threshold": right answers written in other ways, and the usual wrong ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

STAR = """
def k_star(mass, p, a, m, G2):
    if max(abs(x) for x in a) > G2:
        raise ValueError("G2")
    s = split(mass, p, a, m)
    if not s["separated"] or s["delta"] >= 1:
        raise ValueError("not separated")
    room = math.log((1 - s["q"]) * G2 / (s["q"] * m))
    return 1 + room / math.log((1 - s["epsilon"]) / (1 - s["delta"]))
"""

SPLIT = """
def split(mass, p, a, m):
    mass, p, a = (np.array(x) for x in (mass, p, a))
    inside = a <= -m
    if not inside.any():
        raise ValueError("empty")
    e, d = p[inside].max(), p[~inside].min()
    return {"q": mass[inside].sum(), "epsilon": e, "delta": d, "separated": bool(e < d)}
"""

DAGGER = """
def k_dagger(mass, p, a):
    mass, p, a = (np.array(x) for x in (mass, p, a))
    if a[p.argmin()] > 0:
        return math.inf
    log_fail = np.log1p(-p) - np.log1p(-p.min())
    def f(k):
        return (mass * a * np.exp((k - 1) * log_fail)).sum()
    step, k = 2**40, 1
    while step:
        if f(k + step) >= 0:
            k += step
        step //= 2
    return k
"""

RIGHT = {
    "threshold-1": {
        "logarithms": """
def conflicting(mass, p, a, k_max):
    def term(k, w, x, y):
        if x == 1:
            return w * y if k == 1 else 0.0
        return w * y * math.exp((k - 1) * (math.log1p(-x) - math.log1p(-min(p))))
    return [k for k in range(1, k_max + 1)
            if sum(term(k, *prompt) for prompt in zip(mass, p, a)) < 0]
""",
        "fractions": """
from fractions import Fraction
def conflicting(mass, p, a, k_max):
    # floats are fractions: scaled powers, multiplied up step by step
    terms = [float(w * y) for w, y in zip(mass, a)]
    ratio = [(1 - x) / (1 - min(p)) for x in p]
    found = []
    for k in range(1, k_max + 1):
        if math.fsum(terms) < 0:
            found.append(k)
        terms = [t * r for t, r in zip(terms, ratio)]
    return tuple(found)
""",
        "vectors": """
def conflicting(mass, p, a, k_max):
    k = np.arange(1, k_max + 1)[:, None]
    ratio = (1 - np.array(p)) / (1 - min(p))
    return np.flatnonzero(ratio**(k - 1) @ (np.array(mass) * np.array(a)) < 0) + 1
""",
    },
    "threshold-2": {
        "arrays": SPLIT,
        "loops": """
def split(mass, p, a, m):
    q, epsilon, delta = 0.0, None, None
    for w, x, y in zip(mass, p, a):
        if y <= -m:
            q += w
            epsilon = x if epsilon is None else max(epsilon, x)
        else:
            delta = x if delta is None else min(delta, x)
    if epsilon is None:
        raise ValueError("empty")
    return dict(separated=epsilon < delta, q=q, epsilon=epsilon, delta=delta)
""",
    },
    "threshold-3": {
        "from split": STAR,
        "sums of logs": """
def k_star(mass, p, a, m, G2):
    a = np.array(a)
    p, mass = np.array(p), np.array(mass)
    inside = a <= -m
    if np.abs(a).max() > G2 or not inside.any():
        raise ValueError("does not apply")
    e, d, q = p[inside].max(), p[~inside].min(), mass[inside].sum()
    if not e < d < 1:
        raise ValueError("not separated")
    top = np.log1p(-q) + np.log(G2) - np.log(q) - np.log(m)
    return np.float64(1 + top / (np.log1p(-e) - np.log1p(-d)))
""",
    },
    "threshold-4": {
        "binary digits": DAGGER,
        "root finding": """
def k_dagger(mass, p, a):
    mass, p, a = (np.array(x) for x in (mass, p, a))
    if a[p.argmin()] > 0:
        return float("inf")
    r = np.log((1 - p) / (1 - p.min()))
    f = lambda k: float((mass * a) @ np.exp((k - 1) * r))
    low, high = 1.0, 2.0
    while f(high) >= 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) >= 0 else (low, middle)
    return math.floor(low + 1e-9)
""",
    },
    "threshold-5": {
        "the book's numbers": """
from fractions import Fraction
masses = [Fraction(x, 803) for x in (1, 2, 600, 200)]
successes = [Fraction(1, 100), Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)]
slopes = [2, -20, 1, -10]
""",
        "from scores": """
order = [2, 0, 3, 1]
masses = np.array([0.004, 0.006, 0.74, 0.25])
scores = np.array([-1.5, 16.0, -2.0, 16.0])
slopes = (scores / np.sqrt(masses @ scores))[order]
successes = np.array([0.02, 0.2, 0.5, 0.9])[order]
masses = masses[order]
""",
    },
}

WRONG = {
    "threshold-1": {
        "underflow": """
def conflicting(mass, p, a, k_max):
    mass, p, a = (np.array(x) for x in (mass, p, a))
    return [k for k in range(1, k_max + 1) if (mass * (1 - p)**(k - 1) * a).sum() < 0]
""",
        "without masses": """
def conflicting(mass, p, a, k_max):
    ratio = (1 - np.array(p)) / (1 - min(p))
    return [k for k in range(1, k_max + 1) if (ratio**(k - 1) * a).sum() < 0]
""",
        "power k": """
def conflicting(mass, p, a, k_max):
    ratio = (1 - np.array(p)) / (1 - min(p))
    return [k for k in range(1, k_max + 1) if (np.array(mass) * ratio**k * a).sum() < 0]
""",
        "once begun, for ever": """
def conflicting(mass, p, a, k_max):
    ratio = (1 - np.array(p)) / (1 - min(p))
    for k in range(1, k_max + 1):
        if (np.array(mass) * ratio**(k - 1) * a).sum() < 0:
            return list(range(k, k_max + 1))
    return []
""",
        "without k_max": """
def conflicting(mass, p, a, k_max):
    ratio = (1 - np.array(p)) / (1 - min(p))
    return [k for k in range(1, k_max) if (np.array(mass) * ratio**(k - 1) * a).sum() < 0]
""",
    },
    "threshold-2": {
        "strict margin": SPLIT.replace("a <= -m", "a < -m"),
        "counts": SPLIT.replace("mass[inside].sum()", "inside.mean()"),
        "least epsilon": SPLIT.replace("p[inside].max()", "p[inside].min()"),
        "not strict": SPLIT.replace("e < d", "e <= d"),
        "empty set of mass 0": SPLIT.replace(
            'raise ValueError("empty")',
            'return {"q": 0.0, "epsilon": 0.0, "delta": min(p), "separated": True}',
        ),
    },
    "threshold-3": {
        "without the 1": STAR.replace("return 1 + room", "return room"),
        "success for failure": STAR.replace(
            '(1 - s["epsilon"]) / (1 - s["delta"])', 's["delta"] / s["epsilon"]'
        ),
        "shares exchanged": STAR.replace(
            '(1 - s["q"]) * G2 / (s["q"] * m)', 's["q"] * G2 / ((1 - s["q"]) * m)'
        ),
        "not checked": STAR.replace('not s["separated"] or s["delta"] >= 1', "False"),
        "any G2": STAR.replace("max(abs(x) for x in a) > G2", "False"),
        "rounded up": STAR.replace("return 1 + room", "return math.ceil(1 + room").rstrip() + ")\n",
    },
    "threshold-4": {
        "the first conflict": DAGGER.replace("return k\n", "return k + 1\n"),
        "power k": DAGGER.replace("np.exp((k - 1) *", "np.exp(k *"),
        "without masses": DAGGER.replace("(mass * a *", "(a *"),
        "up to 1000": """
def k_dagger(mass, p, a):
    ratio = (1 - np.array(p)) / (1 - min(p))
    f = [(np.array(mass) * np.array(a) * ratio**(k - 1)).sum() for k in range(1, 1001)]
    fine = [k for k in range(1, 1001) if f[k - 1] >= 0]
    return math.inf if fine[-1] == 1000 else fine[-1]
""",
        "no infinity": DAGGER.replace("return math.inf", "return 10**6"),
    },
    "threshold-5": {
        "one episode": """
masses, successes, slopes = [1 / 3] * 3, [0.1, 0.5, 0.9], [1, -3, 5]
""",
        "lasting": """
masses, successes, slopes = [0.5, 0.5], [0.1, 0.6], [-0.1, 0.3]
""",
        "four signs, one conflict": """
masses, successes, slopes = [0.25] * 4, [0.1, 0.3, 0.5, 0.9], [-1, 2, -1, 5]
""",
        "masses of sum 803": """
masses, successes, slopes = [1, 2, 600, 200], [0.01, 0.2, 0.5, 0.9], [-2, 20, -1, 10]
""",
        "two prompts of one p": """
masses, successes, slopes = [0.4, 0.1, 0.5], [0.2, 0.2, 0.5], [1, 1]
""",
        "on the edge": """
masses = [0.004, 0.006, 0.74, 0.25]
successes = [0.01, 0.2, 0.5, 0.9]
a = np.array([-1.0, 10.0, 0.0, 10.0])
# the third prompt's score just large enough for a first conflict at one k
terms = [np.array(masses) * a * (1 - np.array(successes))**(k - 1) for k in range(2, 9)]
a[2] = max(-x.sum() / (0.74 * 0.5**(k - 1)) for k, x in zip(range(2, 9), terms)) * (1 + 1e-6)
slopes = list(a / math.sqrt(np.dot(masses, a)))
""",
    },
}
