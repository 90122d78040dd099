"""Random policies for the second opinion, with constants that satisfy the paper's hypotheses.

More tries never hurt, on a hundred policies; the wrong sign is found out:

    >>> from passk_lib.theory.models import evaluate
    >>> from passk_lib.theory.setting import J, k
    >>> many = policies(100, seed=0)
    >>> gain = evaluate(J(k + 1) - J(k), many)
    >>> bool((gain >= -1e-12).all()), bool((-gain >= -1e-12).all())
    (True, False)
"""

from __future__ import annotations

import numpy as np

from .models import Policies

ORDERS = (1, 2, 3, 5, 8, 16, 32, 100, 1000)


def policies(
    size: int,
    seed: int,
    prompts: int = 3,
    completions: int = 3,
    dim: int = 2,
    largest_order: int = 1000,
    grid: int | None = None,
) -> Policies:
    """`size` random policies; success probabilities reach close to 0 and 1.

    grid: draw all numbers as small fractions (numerators up to `grid`), so that one instance can
    be recomputed exactly. Half of the batch has one hard prompt whose gradient opposes the rest,
    so that conflict and its hypotheses are met often.
    """
    rng = np.random.default_rng(seed)
    shape = (size, prompts, completions)
    if grid is None:
        mass = rng.dirichlet(np.ones(prompts) * 0.7, size) + 1e-9
        logits = rng.normal(scale=rng.choice([0.5, 2.0, 6.0], (size, 1, 1)), size=shape)
        pi = np.exp(logits - logits.max(-1, keepdims=True)) + 1e-12
        phi = rng.normal(size=(*shape, dim)) * rng.choice([0.1, 1.0, 3.0], (size, 1, 1, 1))
    else:
        mass = rng.integers(1, grid + 1, (size, prompts)).astype(float)
        pi = rng.choice([*range(1, grid + 1), 40, 200], shape).astype(float)
        phi = rng.integers(-grid, grid + 1, (*shape, dim)) / rng.integers(1, 4, (size, 1, 1, 1))
    separated = rng.random(size) < 0.35  # one hard prompt, the others nearly solved
    pi[separated, 1:] = 1.0
    pi[separated, 1:, 0] = rng.integers(15, 40, (int(separated.sum()), prompts - 1))
    pi[separated, 0] = 3.0
    pi[separated, 0, 0] = 1.0
    phi[separated, 0] /= 3.0
    mass /= mass.sum(-1, keepdims=True)
    pi /= pi.sum(-1, keepdims=True)
    reward = (rng.random(shape) < 0.5).astype(float)
    reward[..., 0] = 1.0  # at least one correct and one wrong completion
    reward[..., -1] = 0.0
    rare = rng.random(size)
    reward[rare < 0.04, 0] = 0.0  # a prompt that is never solved
    reward[(rare > 0.04) & (rare < 0.07), 0] = 1.0  # one that always is
    models = _oppose(Policies(mass, pi, reward, phi), rng)
    _balance(models, (rare > 0.07) & (rare < 0.12))
    models = with_constants(models, rng, largest_order, grid)
    if grid is not None:
        models = _loose_constants(models, rng, grid)
    return models


def _balance(models: Policies, where) -> None:
    """Make the first two prompts mirror images and the others flat: pass@1 is stationary."""
    for array in (models.pi, models.reward, models.mass):
        array[where, 1] = array[where, 0]
    models.mass[where] /= models.mass[where].sum(-1, keepdims=True)
    models.phi[where, 1] = -models.phi[where, 0]
    models.phi[where, 2:] = 0.0


def _loose_constants(models: Policies, rng, grid: int) -> Policies:
    """In a quarter of the batch all constants are small fractions that follow no policy."""
    where = rng.random(models.size) < 0.25
    new = {}
    for name in ("G", "F", "m", "q", "epsbar", "delbar", "eta", "U", "V", "B", "c", "u0"):
        free = rng.integers(1, grid + 1, models.size) / rng.integers(2, grid + 2, models.size)
        new[name] = np.where(where, free, models.constants[name])
    return models.with_constants(**new)


def _oppose(models: Policies, rng) -> Policies:
    """In half of the batch flip features so that the hardest prompt disagrees, the others agree."""
    half = rng.random(models.size) < 0.5
    p, g = models.success(), models.gradient()
    direction = np.take_along_axis(g, (models.mass * 1.0).argmax(-1)[:, None, None], 1)[:, 0]
    sign = np.sign((g * direction[:, None]).sum(-1))
    sign[sign == 0] = 1.0
    hardest = p.argmin(-1)
    wanted = np.ones_like(p)
    wanted[np.arange(models.size), hardest] = -1.0
    flip = np.where(half[:, None], sign * wanted, 1.0)
    return Policies(models.mass, models.pi, models.reward, models.phi * flip[..., None, None])


def with_constants(
    models: Policies, rng, largest_order: int = 1000, grid: int | None = None
) -> Policies:
    """Values for G, F, m, q, ... that make the hypotheses true wherever they can be."""
    size, n = models.mass.shape
    p, a = models.success(), models.agreement()
    # sup over theta of E|s|^2 and of the Hessian of log pi: half the squared diameter bounds both
    gaps = models.phi[..., :, None, :] - models.phi[..., None, :, :]
    radius2 = (gaps**2).sum(-1).max((-1, -2, -3)) / 2 + 1e-3
    G = np.sqrt(radius2)
    if grid is not None:
        G = np.ceil(G * 4) / 4
    c = {"G": G, "F": G**2}
    choices = np.array([k for k in ORDERS if k <= largest_order])
    for name in ("#k", "#n", "#m"):
        c[name] = rng.choice(choices, size).astype(float)
    k = c["#k"]
    # the strongly interfering set: the hardest prompts, as long as they disagree
    order = np.argsort(p, axis=-1)
    sorted_a = np.take_along_axis(a, order, -1)
    sorted_p = np.take_along_axis(p, order, -1)
    run = np.cumprod(sorted_a < 0, axis=-1).astype(bool)
    run[:, -1] = False  # somebody has to be outside
    count = run.sum(-1)
    inside = np.zeros_like(p)
    np.put_along_axis(inside, order, run.astype(float), -1)
    worst = np.where(run, sorted_a, -np.inf).max(-1)
    margin = np.where(count > 0, -worst, 1.0) * rng.uniform(0.3, 1.0, size)
    eps = np.where(run, sorted_p, 0.0).max(-1)
    next_p = np.take_along_axis(sorted_p, np.minimum(count, n - 1)[:, None], -1)[:, 0]
    q = (models.mass * inside).sum(-1) * rng.uniform(0.5, 1.0, size)
    if grid is not None:
        margin, q = _floor(margin), _floor(q)
        eps, next_p = _ceil(eps), _floor(next_p)
    c.update({"minus": inside, "m": margin, "epsbar": 1 - eps, "delbar": 1 - next_p, "q": q})
    # single crossing, large k
    c["u0"] = 1 - _between(sorted_p[:, 0], sorted_p[:, -1], rng)
    top = (p <= sorted_p[:, :1]).astype(float)
    c["top"], c["rest"], c["never"] = top, 1 - top, (p == 0).astype(float)
    c["U"] = 1 - sorted_p[:, 0]
    c["V"] = 1 - sorted_p[:, 1]
    c["B"] = np.abs(a).max(-1) * (1 + rng.random(size)) + 1e-12
    c["c"] = np.abs((models.mass * top * a).sum(-1))
    if grid is not None:
        c["V"], c["c"] = _ceil(c["V"]), _floor(c["c"])
    c["neg"] = (a < 0).astype(float)
    c["failure"] = (models.mass * (1 - p)).sum(-1)
    mean_w = k[:, None] * (1 - p) ** (k[:, None] - 1)
    delta = margin * (models.mass * mean_w * inside).sum(-1) - G**2 * (
        models.mass * mean_w * (1 - inside)
    ).sum(-1)
    c2 = k**2 * G**2 * (G**2 + c["F"]) / 2
    smooth = k**2 * G**2 + k * c["F"]
    longest = np.where(delta > 0, np.minimum(delta / c2, 1 / smooth), 1 / smooth)
    # the sharper constants allow longer steps; half of the batch goes as far as they do
    sharp_delta = delta + 3 * G**2 / 4 * (models.mass * mean_w * (1 - inside)).sum(-1)
    L1 = G**2 + c["F"]
    sharp = np.minimum(8 * sharp_delta / (k * G**2 * L1), 1 / (k * L1))
    longest = np.where((sharp_delta > 0) & (rng.random(size) < 0.5), sharp, longest)
    c["eta"] = longest * rng.uniform(0.2, 1.0, size)
    for name in ("v", "Delta", "bvec", "cvec", "g1", "gF"):
        c[name] = rng.normal(size=(size, models.dim)) * rng.choice([0.1, 1, 5], (size, 1))
    c.update(_transforms(size, rng, p, inside, c, grid))
    _long_steps_for_F(models.mass, p, inside, c, rng)
    c["logit"], c["psi"] = rng.normal(size=(size, n)), rng.normal(size=(size, n, models.dim))
    return models.with_constants(**c)


def _transforms(size, rng, p, inside, c, grid):
    """Transforms F and H, with F', H' >= 0 in most of the batch; bounds on F' and F'', and the
    slopes of F that separate the strongly interfering set from the rest."""
    out = {}
    for name in "FH":
        # F' = a + b (1-p)^6 + d p^2: falling, rising or neither
        a, b, d = rng.exponential(size=(3, size)) * rng.choice([0.0, 0.0, 1.0], (3, size))
        b = b + rng.exponential(size=size) * (rng.random(size) < 0.4)
        flat = (a + b + d == 0) & (rng.random(size) < 0.9)  # a constant F meets claims too easily
        b = np.where(flat, rng.exponential(size=size), b)
        if grid is not None:
            a, b, d = (np.ceil(4 * z) / 4 for z in (a, b, d))
        sign = np.where(rng.random(size) < 0.15, -1.0, 1.0)
        falling = np.array([1, -6, 15, -20, 15, -6, 1.0])  # (1-p)^6
        slope = b[:, None] * falling
        slope[:, 0] += a
        slope[:, 2] += d
        slope *= sign[:, None]
        constant = rng.integers(0, 4, size)
        out[name + "~"] = np.column_stack([constant, slope / np.arange(1, 8)])
        if name == "F":
            steep = np.maximum(a + b, a + d)
            out["M1"] = steep * rng.choice([1.0, 1.5], size)
            out["M2"] = np.maximum(6 * b, 2 * d)
            weights = (slope[:, None] * p[..., None] ** np.arange(7)).sum(-1)
    # log p and 2 arcsin sqrt p on some, with an M1 below all their weights
    kind = rng.choice([0.0, 1.0, 2.0], size, p=[0.8, 0.1, 0.1])
    out["F?"] = np.where((p.min(-1) > 1e-5) & (p.max(-1) < 1 - 1e-5), kind, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, weight in ((1, 1 / p), (2, 1 / np.sqrt(p * (1 - p)))):
            here = out["F?"] == number
            weights[here] = weight[here]
            out["M1"][here] = 0.9 * weight[here].min(-1)
    inner = np.where(inside > 0, weights, np.inf).min(-1)
    out["weps"] = np.where(np.isfinite(inner), inner, 1.0)
    out["wdel"] = np.where(inside > 0, -np.inf, weights).max(-1)
    if grid is not None:
        out["weps"], out["wdel"] = _floor(out["weps"]), _ceil(out["wdel"])
        out["M1"] = np.where(out["F?"] > 0, _floor(out["M1"]), out["M1"])
    for name, unit in (("alpha", 4), ("beta", 4), ("lam", 8)):
        out[name] = rng.integers(0, 9, size) / unit
    return out


def _long_steps_for_F(mass, p, inside, c, rng):
    """In half of the policies where Proposition 4.6 holds for F, the step is about as long as its
    condition allows: the one for pass@k is so short there that nothing would be seen to move."""
    slope = c["F~"][:, 1:] * np.arange(1, 8)
    weights = (slope[:, None] * p[..., None] ** np.arange(7)).sum(-1)
    L1 = c["G"] ** 2 + c["F"]
    delta = (mass * weights * np.where(inside > 0, c["m"][:, None], -(c["G"][:, None] ** 2))).sum(
        -1
    )
    smooth = c["M2"] * c["G"] ** 2 + c["M1"] * L1
    with np.errstate(divide="ignore", invalid="ignore"):
        longest = np.minimum(2 * delta / (c["M1"] ** 2 * c["G"] ** 2 * L1), 1 / smooth)
    here = (delta > 0) & (c["M1"] > 0) & (c["F?"] == 0) & (rng.random(len(p)) < 0.5)
    c["eta"] = np.where(here, longest * rng.uniform(0.2, 1.0, len(p)), c["eta"])


def _between(low, high, rng):
    return low + (high - low) * rng.random(len(low))


def _floor(values):
    return np.floor(values * 65536) / 65536


def _ceil(values):
    return np.ceil(values * 65536) / 65536
