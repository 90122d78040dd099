"""Assignment 1, "Estimators": right answers written in other ways, and the usual wrong ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

RIGHT = {
    "estimators-1": {
        "product": """
def pass_from_counts(n, c, k):
    if k > n:
        raise ValueError("k must be at most n")
    if n - c < k:
        return 1.0
    return 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))
""",
        "library": """
def pass_from_counts(n, c, k):
    from passk_lib import unbiased_pass_at_k
    return unbiased_pass_at_k(n, c, k)
""",
        "fractions": """
from fractions import Fraction
from math import comb
def pass_from_counts(n, c, k):
    if k > n:
        raise ValueError(k)
    return 1 - Fraction(comb(n - c, k), comb(n, k))
""",
    },
    "estimators-2": {
        "vectors": """
def plugin_bias(p, n, k):
    c = np.arange(n + 1)
    chance = np.array([comb(n, int(i)) for i in c], dtype=float) * p**c * (1 - p)**(n - c)
    return float(chance @ (1 - (1 - c / n)**k) - (1 - (1 - p)**k))
""",
        "failures": """
def plugin_bias(p, n, k):
    # the bias of 1 - x^k is minus the bias of x^k, with x the share of wrong samples
    q = 1 - p
    mean = 0.0
    for wrong in range(n + 1):
        mean += comb(n, wrong) * q**wrong * p**(n - wrong) * (wrong / n)**k
    return q**k - mean
""",
    },
    "estimators-3": {
        "expanded": """
p, n, k = sp.symbols("p n k")
leading_bias = (k - k**2) * p * (1 - p)**k / (1 - p) / (2 * n)
""",
        "differentiated": """
p, n, k = sp.symbols("p n k", positive=True)
leading_bias = sp.diff(1 - (1 - p)**k, p, 2) * p * (1 - p) / n / 2
""",
    },
    "estimators-4": {
        "loops": """
def pass_curve(rewards, ks):
    result = []
    for k in ks:
        total = 0
        for row in rewards:
            total += pass_from_counts(len(row), int(sum(row)), k)
        result.append(total / len(rewards))
    return tuple(result)
""",
        "library": """
def pass_curve(rewards, ks):
    from passk_lib import unbiased_pass_at_k
    rewards = np.array(rewards)
    counts = rewards.sum(axis=1)
    return unbiased_pass_at_k(rewards.shape[1], counts[None, :], np.array(ks)[:, None]).mean(axis=1)
""",
    },
    "estimators-5": {
        "product": """
def credit(n, c, k):
    value = float(k)
    for i in range(k - 1):
        value *= (n - c - i) / (n - 1 - i)
    return value
""",
        "library": """
def credit(n, c, k):
    from passk_lib import unbiased_credit
    return float(unbiased_credit(n, c, k))
""",
    },
}

WRONG = {
    "estimators-1": {
        "the plug-in": """
def pass_from_counts(n, c, k):
    if k > n:
        raise ValueError("k > n")
    return 1 - (1 - c / n)**k
""",
        "one for k beyond n": """
def pass_from_counts(n, c, k):
    if n - c < k:
        return 1.0
    return 1 - comb(n - c, k) / comb(n, k)
""",
        "pass@n in disguise": """
def pass_from_counts(n, c, k):
    if k > n:
        raise ValueError("k > n")
    return 1.0 if c else 0.0
""",
        "refuses few correct samples too": """
def pass_from_counts(n, c, k):
    if k > n or c == 0:
        raise ValueError("no")
    return 1 - comb(n - c, k) / comb(n, k)
""",
        "factorials in floats": """
def pass_from_counts(n, c, k):
    from math import factorial as f
    if k > n:
        raise ValueError("k > n")
    if n - c < k:
        return 1.0
    return 1 - float(f(n - c)) * float(f(n - k)) / (float(f(n)) * float(f(n - c - k)))
""",
    },
    "estimators-2": {
        "the other sign": """
def plugin_bias(p, n, k):
    mean = sum(comb(n, c) * p**c * (1 - p)**(n - c) * (1 - (1 - c / n)**k) for c in range(n + 1))
    return (1 - (1 - p)**k) - mean
""",
        "at the mean count": """
def plugin_bias(p, n, k):
    return (1 - (1 - n * p / n)**k) - (1 - (1 - p)**k)
""",
        "without binomial coefficients": """
def plugin_bias(p, n, k):
    mean = sum(p**c * (1 - p)**(n - c) * (1 - (1 - c / n)**k) for c in range(n + 1))
    return mean - (1 - (1 - p)**k)
""",
        "simulated": """
def plugin_bias(p, n, k):
    c = np.random.default_rng(0).binomial(n, p, size=20000)
    return float(np.mean(1 - (1 - c / n)**k)) - (1 - (1 - p)**k)
""",
    },
    "estimators-3": {
        "wrong sign": """
p, n, k = sp.symbols("p n k")
leading_bias = k * (k - 1) * p * (1 - p)**(k - 1) / (2 * n)
""",
        "without the half": """
p, n, k = sp.symbols("p n k")
leading_bias = -k * (k - 1) * p * (1 - p)**(k - 1) / n
""",
        "the variance of a count": """
p, n, k = sp.symbols("p n k")
leading_bias = -k * (k - 1) * p * (1 - p)**(k - 1) * n / 2
""",
        "right for k = 2 only": """
p, n, k = sp.symbols("p n k")
leading_bias = -p * (1 - p) / n
""",
    },
    "estimators-4": {
        "all prompts as one": """
def pass_curve(rewards, ks):
    rewards = np.array(rewards)
    return [pass_from_counts(rewards.size, int(rewards.sum()), k) for k in ks]
""",
        "plug-in": """
def pass_curve(rewards, ks):
    rewards = np.array(rewards)
    if max(ks) > rewards.shape[1]:
        raise ValueError("k > n")
    return [float(np.mean(1 - (1 - rewards.mean(axis=1))**k)) for k in ks]
""",
        "k cut off at n": """
def pass_curve(rewards, ks):
    rewards = np.array(rewards)
    n = rewards.shape[1]
    return [float(np.mean([pass_from_counts(n, int(c), min(k, n)) for c in rewards.sum(axis=1)]))
            for k in ks]
""",
        "sorts the ks": """
def pass_curve(rewards, ks):
    rewards = np.array(rewards)
    n = rewards.shape[1]
    return [float(np.mean([pass_from_counts(n, int(c), k) for c in rewards.sum(axis=1)]))
            for k in sorted(set(ks))]
""",
    },
    "estimators-5": {
        "plug-in weight": """
def credit(n, c, k):
    return k * (1 - c / n)**(k - 1)
""",
        "with itself among the others": """
def credit(n, c, k):
    return k * comb(n - c, k - 1) / comb(n, k - 1)
""",
        "k times too small": """
def credit(n, c, k):
    return comb(n - c, k - 1) / comb(n - 1, k - 1)
""",
    },
}
