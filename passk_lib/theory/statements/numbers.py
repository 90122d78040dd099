"""Every number the paper quotes that can be recomputed: section 3.3 and section 5."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from mpmath import mp, mpf

from ..claims import Check, checked

CH3, CH8 = "03_interference", "08_experiment"


def _rounds_to(value, printed: str) -> bool:
    """Whether a value, rounded to the digits that are printed, is what is printed."""
    quoted = mpf(printed)
    mantissa, _, exponent = printed.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    half = mpf(10) ** (int(exponent or 0) - digits) / 2
    return abs(mpf(value) - quoted) <= half


def _short(value, digits: int = 6) -> str:
    return mp.nstr(mpf(value), digits)


# ------------------------------------------------------------------- section 3.3, two prompts


def two_prompts() -> dict[str, mpf]:
    """All quantities of section 3.3 at theta = (-2, -2), in 40 digits, by name."""
    with mp.workdps(40):
        delta, order, eta = mpf(2) / 10, 10, 5
        easy, hard = (mpf(1), -delta / 2), (mpf(1), delta / 2)

        def sigma(theta, psi):
            return 1 / (1 + mp.exp(-(theta[0] * psi[0] + theta[1] * psi[1])))

        def success(theta):
            return 1 - sigma(theta, easy), sigma(theta, hard)

        def dot(u, v):
            return u[0] * v[0] + u[1] * v[1]

        def value(theta, k):
            return sum(1 - (1 - p) ** k for p in success(theta)) / 2

        theta = (mpf(-2), mpf(-2))
        se, sh = sigma(theta, easy), sigma(theta, hard)
        ge = tuple(-se * (1 - se) * c for c in easy)
        gh = tuple(sh * (1 - sh) * c for c in hard)
        pe, ph = success(theta)
        we, wh = (order * (1 - p) ** (order - 1) for p in (pe, ph))
        g1 = tuple((a + b) / 2 for a, b in zip(ge, gh, strict=True))
        gk = tuple((we * a + wh * b) / 2 for a, b in zip(ge, gh, strict=True))
        after = tuple(t + eta * c for t, c in zip(theta, gk, strict=True))
        kappa = dot(ge, gh)
        return {
            "p-easy": pe, "p-hard": ph, "w-easy": we, "w-hard": wh, "kappa": kappa,
            "cos-psi": dot(easy, hard) / mp.sqrt(dot(easy, easy) * dot(hard, hard)),
            "cos-kappa": kappa / mp.sqrt(dot(ge, ge) * dot(gh, gh)),
            "cos-gradients": dot(g1, gk) / mp.sqrt(dot(g1, g1) * dot(gk, gk)),
            "J1-before": value(theta, 1), "J1-after": value(after, 1),
            "J10-before": value(theta, order), "J10-after": value(after, order),
        }


_TWO_PROMPTS = {
    "p-easy": (r"p_\theta(x_e)", "0.86"), "p-hard": (r"p_\theta(x_h)", "0.10"),
    "w-easy": (r"w_{10,\theta}(x_e)", "2.33e-7"), "w-hard": (r"w_{10,\theta}(x_h)", "3.88"),
    "kappa": (r"\kappa_\theta(x_e,x_h)", "-0.01"),
    "cos-psi": (r"\cos(\psi(x_e),\psi(x_h))", "0.98"),
    "cos-kappa": (r"\cos(\nabla p_\theta(x_e),\nabla p_\theta(x_h))", "-0.98"),
    "cos-gradients": (r"\cos(\nabla J_1,\nabla J_{10})", "-0.77"),
    "J1-before": (r"J_1(\theta)", "0.48"), "J1-after": (r"J_1(\theta^+)", "0.46"),
    "J10-before": (r"J_{10}(\theta)", "0.83"), "J10-after": (r"J_{10}(\theta^+)", "0.95"),
}


def _two_prompt_claim(name: str, symbol: str, printed: str) -> None:
    @checked(f"number-3.3-{name}", "Section 3.3", f"Two prompts: ${symbol}$",
             rf"${symbol}\approx {_tex(printed)}$ at $\theta=(-2,-2)$", chapter=CH3,
             reason="The paper does not print θ; θ = (−2, −2) reproduces all of its numbers.")
    def _() -> Check:
        value = two_prompts()[name]
        return Check(1, f"recomputed in 40 digits: {_short(value)}", _rounds_to(value, printed))


def _tex(printed: str) -> str:
    mantissa, _, exponent = printed.partition("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}" if exponent else mantissa


for _name, (_symbol, _printed) in _TWO_PROMPTS.items():
    _two_prompt_claim(_name, _symbol, _printed)


# --------------------------------------------------------------------- section 5, 32 samples

N = 32
PLUG_IN = [N * (1 - Fraction(c, N)) ** (N - 1) for c in range(N + 1)]
UNBIASED = [Fraction(N * comb(N - c, N - 1), comb(N, N - 1)) for c in range(N + 1)]
CREDIT = [Fraction(N * comb(N - c, N - 1), comb(N - 1, N - 1)) if c else Fraction(0)
          for c in range(N + 1)]

# (model, delta_1, delta_2, prompts, hard, easy, mean agreement, weighted mean, inner product)
PANELS = (
    ("Llama", ".85", ".10", 550, 86, 464, "2.80e-3", "-1.12e-3", "-0.613"),
    ("Qwen", ".85", ".05", 656, 29, 627, "2.97e-2", "-2.74e-1", "-181"),
    ("Llama", ".80", ".10", 636, 86, 550, None, None, "-0.652"),
    ("Llama", ".80", ".15", 647, 97, 550, None, None, "-0.621"),
    ("Llama", ".85", ".05", 502, 38, 464, None, None, "-0.551"),
    ("Llama", ".90", ".10", 505, 86, 419, None, None, "-0.527"),
)
HARD_COUNTS = ((38, 1), (21, 2), (27, 3))  # prompts, correct completions of 32


@checked("number-5-weights", "Section 5", "The printed weights are plug-in weights",
         "Weights near 12, 4 and 1 are $32(1-c/32)^{31}$ at $c=1,2,3$ correct completions of 32.",
         chapter=CH8)
def _() -> Check:
    values = [PLUG_IN[c] for c in (1, 2, 3)]
    good = all(_rounds_to(float(v), t) for v, t in zip(values, ("11.96", "4.33", "1.51"),
                                                      strict=True))
    return Check(3, "exactly " + ", ".join(f"{float(v):.4f}" for v in values)
                 + "; the printed “scale 1” is 1.51", good)


@checked("number-5-unbiased", "Section 5", "The unbiased weights are others",
         r"$k\binom{n-c}{k-1}/\binom n{k-1}$ at $n=k=32$ is 32, 1, 0, 0, … for $c=0,1,2,3,…$; the "
         r"unbiased credit of a correct completion is not zero for $c=1$ alone.", chapter=CH8)
def _() -> Check:
    good = UNBIASED[:4] == [32, 1, 0, 0] and not any(UNBIASED[2:])
    lone = [c for c in range(1, N + 1) if CREDIT[c]]
    return Check(N + 1, f"weights {[int(v) for v in UNBIASED[:4]]} …, credits at c = {lone}",
                 good and lone == [1])


@checked("number-5-hard", "Section 5", "The three groups of hard prompts",
         r"$38+21+27=86$ hard prompts below $\delta_2=.10$: $c=1,2,3$, with $c=0$ left out.",
         chapter=CH8)
def _() -> Check:
    below = [c for c in range(1, N + 1) if Fraction(c, N) < Fraction(1, 10)]
    total = sum(count for count, _ in HARD_COUNTS)
    fewer = [c for c in range(1, N + 1) if Fraction(c, N) < Fraction(1, 20)]
    more = [c for c in range(1, N + 1) if Fraction(c, N) < Fraction(15, 100)]
    good = total == 86 and below == [1, 2, 3] and fewer == [1] and more == [1, 2, 3, 4]
    return Check(3, f"δ₂ = .05 keeps c = {fewer}, .10 keeps {below}, .15 keeps {more}", good)


@checked("number-5-mean-weight", "Section 5", "The mean weight is close to 1 for Llama",
         r"$\mathbb E[w]\approx1.07$ over the 550 prompts: weighted and shifted means nearly agree",
         chapter=CH8)
def _() -> Check:
    total = sum(count * PLUG_IN[c] for count, c in HARD_COUNTS)
    value = float(total / 550)
    rest = float(464 * PLUG_IN[28] / 550)
    return Check(1, f"the hard prompts give {value:.4f}, all easy ones together at most "
                 f"{rest:.0e}", _rounds_to(value, "1.07"))


def _count_claim(model, high, low, prompts, hard, easy):
    @checked(f"number-5-count-{model.lower()}-{high[1:]}-{low[1:]}", "Section 5, Figure 8",
             f"Prompt counts, {model} ({high}, {low})", f"${prompts}={hard}+{easy}$", chapter=CH8)
    def _() -> Check:
        return Check(1, f"{hard} + {easy} = {hard + easy}", hard + easy == prompts)


for _panel in PANELS:
    _count_claim(*_panel[:6])


@checked("number-5-ratio", "Figure 6", "Easy to hard",
         r"$464:86\approx5.4:1$ and $627:29\approx21.6:1$", chapter=CH8)
def _() -> Check:
    one, two = 464 / 86, 627 / 29
    return Check(2, f"{one:.3f} and {two:.3f}", _rounds_to(one, "5.4") and _rounds_to(two, "21.6"))


@checked("number-5-shift-llama", "Section 5", "The shift, Llama",
         r"$-1.12\times10^{-3}-2.80\times10^{-3}=-3.92\times10^{-3}$", chapter=CH8)
def _() -> Check:
    value = Fraction("-0.00112") - Fraction("0.00280")
    return Check(1, f"{float(value):.5f}", value == Fraction("-0.00392"))


@checked("number-5-shift-qwen", "Section 5", "The shift, Qwen",
         r"$-2.74\times10^{-1}-2.97\times10^{-2}\approx-3.04\times10^{-1}$", chapter=CH8)
def _() -> Check:
    value = Fraction("-0.274") - Fraction("0.0297")
    return Check(1, f"{float(value):.4f}", _rounds_to(float(value), "-3.04e-1"))


def _sum_interval(prompts: int, printed: str) -> tuple[Fraction, Fraction]:
    """What prompts times a mean can be, when the mean is printed to these digits."""
    mantissa, _, exponent = printed.partition("e")
    unit = Fraction(10) ** int(exponent)
    half = Fraction(1, 2 * 10 ** len(mantissa.partition(".")[2]))
    mean = Fraction(mantissa)
    return prompts * (mean - half) * unit, prompts * (mean + half) * unit


@checked("number-5-sum-llama", "Section 5", "The printed inner product is a sum, Llama",
         r"$550\times(-1.12\times10^{-3})$ is the printed $-0.613$, up to rounding", chapter=CH8)
def _() -> Check:
    low, high = _sum_interval(550, "-1.12e-3")
    good = low <= Fraction("-0.613") + Fraction(1, 2000) and (
        Fraction("-0.613") - Fraction(1, 2000) <= high)
    return Check(1, f"the sum lies in [{float(low):.4f}, {float(high):.4f}]", good)


@checked("number-5-sum-qwen", "Section 5", "The printed inner product, Qwen",
         r"$656\times(-2.74\times10^{-1})$ is the printed $-181$, up to rounding", chapter=CH8,
         refutes=True, reason="Slip 16. The Llama figure is consistent with a sum.")
def _() -> Check:
    low, high = _sum_interval(656, "-2.74e-1")
    inside = low <= Fraction("-180.5") and Fraction("-181.5") <= high
    return Check(1, f"the sum lies in [{float(low):.2f}, {float(high):.2f}], which rounds to "
                 "−180 or −179", inside)
