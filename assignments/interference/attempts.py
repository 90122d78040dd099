"""Assignment 2, "Interference": right answers written in other ways, and the usual wrong ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

GRADIENTS = """
def gradients(theta, prompts):
    rows = []
    for s, hard in prompts:
        logit = theta[0] + theta[1] * s
        z = 1 / (2 + math.exp(logit) + math.exp(-logit))
        sign = 1 if hard else -1
        rows.append([sign * z, sign * z * s])
    return np.array(rows)
"""

KERNEL = """
def kernel_and_cosine(theta, prompts):
    g = gradients(theta, prompts)
    unit = g / np.linalg.norm(g, axis=1, keepdims=True)
    return g @ g.T, unit @ unit.T
"""

RIGHT = {
    "interference-1": {
        "fractions": """
from fractions import Fraction
quarter = Fraction(1, 4)
kappa_AB = -quarter * quarter * (1 + 1 * 2)
kappa_AC = -quarter * quarter * (1 + 1 * -3)
kappa_BC = quarter * quarter * (1 + 2 * -3)
""",
        "vectors": """
A, B, C = -np.array([1, 1]) / 4, np.array([1, 2]) / 4, np.array([1, -3]) / 4
kappa_AB, kappa_AC, kappa_BC = A @ B, A @ C, B @ C
""",
        "decimals": """
kappa_AB, kappa_AC, kappa_BC = -0.1875, 0.125, -0.3125
""",
    },
    "interference-2": {
        "vectors": """
def gradients(theta, prompts):
    s, hard = (np.array(x, dtype=float) for x in zip(*prompts))
    sign = 2 * hard - 1
    psi = np.stack([np.ones_like(s), s], axis=1)
    logit = psi @ np.array(theta)
    return (sign * 0.25 / np.cosh(logit / 2)**2)[:, None] * psi

def kernel_and_cosine(theta, prompts):
    g = gradients(theta, prompts)
    norms = np.sqrt((g**2).sum(axis=1))
    return g @ g.T, (g / norms[:, None]) @ (g / norms[:, None]).T
""",
        "library": """
from passk_lib.bandit import BanditPrompts
from passk_lib.interference import kernel

def _field(theta, prompts):
    s, hard = (np.array(x) for x in zip(*prompts))
    psi = np.stack([np.ones(len(s)), s], axis=1)
    return BanditPrompts(psi, hard.astype(bool), np.full(len(s), 1 / len(s))).field(theta)

def gradients(theta, prompts):
    return _field(theta, prompts).gradients

def kernel_and_cosine(theta, prompts):
    psi = np.array([[1, s] if hard else [-1, -s] for s, hard in prompts])
    unit = psi / np.linalg.norm(psi, axis=1)[:, None]
    return kernel(_field(theta, prompts)), unit @ unit.T
""",
    },
    "interference-3": {
        "if": """
def sign_of_kernel(s, hard, t, also_hard):
    if s * t == -1:
        return 0
    if hard == also_hard:
        return 1 if s * t > -1 else -1
    return -1 if s * t > -1 else 1
""",
        "vectors": """
def sign_of_kernel(s, hard, t, also_hard):
    one = np.array([1, s]) * (1 if hard else -1)
    two = np.array([1, t]) * (1 if also_hard else -1)
    return float(np.sign(one @ two))
""",
    },
    "interference-4": {
        "one by one": """
def effect(theta, eta, stepped, watched):
    def p(a, b, x):
        m = (a + b * x[0]) * (1 if x[1] else -1)
        return 1 / (1 + math.exp(-m))
    def gradient(x):
        z = p(*theta, x) * (1 - p(*theta, x)) * (1 if x[1] else -1)
        return z, z * x[0]
    (g1, g2), (h1, h2) = gradient(stepped), gradient(watched)
    moved = p(theta[0] + eta * g1, theta[1] + eta * g2, watched)
    return [eta * (g1 * h1 + g2 * h2), moved - p(*theta, watched)]
""",
        "with the kernel": """
def effect(theta, eta, stepped, watched):
    k, _ = kernel_and_cosine(theta, [stepped, watched])
    g = gradients(theta, [stepped])[0]
    psi = np.array([1.0, watched[0]]) * (1 if watched[1] else -1)
    sigma = lambda m: 1 / (1 + np.exp(-m))
    before = sigma(psi @ np.array(theta))
    return np.array([eta * k[0, 1], sigma(psi @ (np.array(theta) + eta * g)) - before])
""",
    },
    "interference-5": {
        "the other labels": """
trio = ((2.0, True), (-1.0, True), (0.0, False))
""",
        "close to one half": """
trio = [(math.sqrt(3), False), (-math.sqrt(3), False), (0, True)]
""",
    },
}

WRONG = {
    "interference-1": {
        "labels only": "kappa_AB, kappa_AC, kappa_BC = -3 / 16, -1 / 8, 5 / 16",
        "without the slopes": "kappa_AB, kappa_AC, kappa_BC = -3, 2, -5",
        "one slope": "kappa_AB, kappa_AC, kappa_BC = -3 / 4, 1 / 2, -5 / 4",
        "without the constant feature": "kappa_AB, kappa_AC, kappa_BC = -1 / 8, 3 / 16, -3 / 8",
    },
    "interference-2": {
        "easy as hard": GRADIENTS.replace("1 if hard else -1", "1") + KERNEL,
        "the score": """
def gradients(theta, prompts):
    rows = []
    for s, hard in prompts:
        sign = 1 if hard else -1
        z = 1 / (1 + math.exp(sign * (theta[0] + theta[1] * s)))
        rows.append([sign * z, sign * z * s])
    return np.array(rows)
"""
        + KERNEL,
        "one norm": GRADIENTS
        + """
def kernel_and_cosine(theta, prompts):
    g = gradients(theta, prompts)
    return g @ g.T, g @ g.T / np.linalg.norm(g, axis=1)
""",
        "p (1 - p) rounds to 0": """
def gradients(theta, prompts):
    rows = []
    for s, hard in prompts:
        sign = 1 if hard else -1
        p = 1 / (1 + math.exp(-sign * (theta[0] + theta[1] * s)))
        rows.append([sign * p * (1 - p), sign * p * (1 - p) * s])
    return np.array(rows)
"""
        + KERNEL,
    },
    "interference-3": {
        "labels only": """
def sign_of_kernel(s, hard, t, also_hard):
    return 1 if hard == also_hard else -1
""",
        "without the constant feature": """
def sign_of_kernel(s, hard, t, also_hard):
    return (1 if hard == also_hard else -1) * int(np.sign(s * t))
""",
        "never zero": """
def sign_of_kernel(s, hard, t, also_hard):
    return (1 if hard == also_hard else -1) * (1 if 1 + s * t > 0 else -1)
""",
        "features only": """
def sign_of_kernel(s, hard, t, also_hard):
    return int(np.sign(1 + s * t))
""",
    },
    "interference-4": {
        "the kernel without the step": """
def effect(theta, eta, stepped, watched):
    g, h = gradients(theta, [stepped, watched])
    p = lambda th: 1 / (1 + math.exp(-(th[0] + th[1] * watched[0]) * (1 if watched[1] else -1)))
    return float(g @ h), p(np.array(theta) + eta * g) - p(theta)
""",
        "a step of length eta": """
def effect(theta, eta, stepped, watched):
    g, h = gradients(theta, [stepped, watched])
    g = g / np.linalg.norm(g)
    p = lambda th: 1 / (1 + math.exp(-(th[0] + th[1] * watched[0]) * (1 if watched[1] else -1)))
    return float(eta * g @ h), p(np.array(theta) + eta * g) - p(theta)
""",
        "the wrong prompt moves": """
def effect(theta, eta, stepped, watched):
    h, g = gradients(theta, [stepped, watched])
    p = lambda th: 1 / (1 + math.exp(-(th[0] + th[1] * stepped[0]) * (1 if stepped[1] else -1)))
    return float(eta * g @ h), p(np.array(theta) + eta * g) - p(theta)
""",
        "the prediction twice": """
def effect(theta, eta, stepped, watched):
    g, h = gradients(theta, [stepped, watched])
    return float(eta * g @ h), float(eta * g @ h)
""",
        "forgets the watched label": """
def effect(theta, eta, stepped, watched):
    g, h = gradients(theta, [stepped, (watched[0], True)])
    p = lambda th: 1 / (1 + math.exp(-(th[0] + th[1] * watched[0])))
    return float(eta * g @ h), p(np.array(theta) + eta * g) - p(theta)
""",
    },
    "interference-5": {
        "easy, hard, hard near the middle": "trio = [(0.1, False), (-0.1, True), (0.2, True)]",
        "barely negative": "trio = [(1.1, False), (-1, False), (0, True)]",
        "three of one label": "trio = [(3, True), (-1, True), (-2, True)]",
        "four prompts": "trio = [(2, False), (-1, False), (0, True), (0, True)]",
        "feature vectors": "trio = [([1, 2], False), ([1, -1], False), ([1, 0], True)]",
        "out of range": "trio = [(8, False), (-1, False), (0, True)]",
    },
}
