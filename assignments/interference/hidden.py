"""Assignment 2, "Interference": what counts besides the public checks.

`draw` follows the course seed.
"""

import numpy as np

from passk_lib.course.compare import agree, equal, shown
from passk_lib.course.public import interference as public
from passk_lib.course.questions import Wrong, part


@part("interference-1", points=1)
def second_pair_by_hand(kappa_AB, kappa_AC, kappa_BC, draw):
    """The pair A, C: different labels, on different sides."""
    one, two = public.A, public.C
    right = public.kappa(one, two)
    equal("kappa_AC", kappa_AC, right, mistakes=public.by_hand_mistakes(one, two))


@part("interference-1", points=1)
def third_pair_by_hand(kappa_AB, kappa_AC, kappa_BC, draw):
    """The pair B, C: the same label, on different sides."""
    one, two = public.B, public.C
    right = public.kappa(one, two)
    equal("kappa_BC", kappa_BC, right, mistakes=public.by_hand_mistakes(one, two))


def prompts_from(draw, size, spread=1.5):
    features = draw.normal(0, spread, size).round(2)
    return [(float(s), bool(draw.random() < 0.5)) for s in features]


def theta_from(draw, spread=2.0):
    return tuple(float(t) for t in draw.normal(0, spread, 2).round(2))


@part("interference-2", points=2)
def many_prompts(gradients, kernel_and_cosine, draw):
    """Random parameters and prompts, one prompt alone among them."""
    cases = [(theta_from(draw), prompts_from(draw, size)) for size in (1, 2, 5, 12)]
    agree(gradients, public.true_gradients, cases, "theta prompts",
          mistakes=public.GRADIENT_MISTAKES)  # fmt: skip
    agree(kernel_and_cosine, public.true_kernel, cases, "theta prompts",
          mistakes=public.KERNEL_MISTAKES)  # fmt: skip


@part("interference-2", points=1)
def sure_policies(gradients, kernel_and_cosine, draw):
    """Success within 1e-17 of 0 or 1: the cosine is what it always is."""
    for size in (40.0, -40.0, 120.0):
        theta = (size * (1 + float(draw.random())), 1.0)
        prompts = [(0.5, False), (-0.25, True), (1.0, True)]
        answer = kernel_and_cosine(theta, prompts)
        if not isinstance(answer, list | tuple) or len(answer) != 2:
            raise Wrong(f"kernel_and_cosine returns {shown(answer)}; two arrays are needed.")
        equal(f"the cosines at theta = {shown(theta)}", answer[1],
              public.true_kernel(theta, prompts)[1])  # fmt: skip


@part("interference-3", points=2)
def many_signs(sign_of_kernel, draw):
    """Random pairs, and pairs with 1 + s t = 0 for every choice of labels."""
    cases = [(0.5, a, -2.0, b) for a in (True, False) for b in (True, False)]
    for _ in range(40):
        (s, hard), (t, also) = prompts_from(draw, 2)
        cases.append((s, hard, t, also))
    agree(sign_of_kernel, public.true_sign, cases, "s hard t also_hard",
          mistakes=public.SIGN_MISTAKES)  # fmt: skip


@part("interference-4", points=2)
def many_steps(effect, draw):
    """Random parameters, prompts and steps of every size."""
    cases = []
    for eta in (1e-3, 0.1, 1.0, 10.0, -2.0):
        one, two = prompts_from(draw, 2)
        cases.append((theta_from(draw, 1.0), eta, one, two))
    agree(effect, public.true_effect, cases, "theta eta stepped watched",
          mistakes=public.EFFECT_MISTAKES, relative=1e-6, absolute=1e-11)  # fmt: skip


@part("interference-5", points=1)
def clearly_negative(trio, draw):
    """Each cosine is at most -0.2."""
    cosine, i, j = public.least_negative(public.as_trio(trio))
    if cosine > -0.2 + 1e-9:
        raise Wrong(f"the cosine of prompts {i + 1} and {j + 1} is {shown(cosine)}; "
                    "at most -0.2 was asked for.")  # fmt: skip


@part("interference-5", points=1)
def stays_negative_when_features_move(trio, draw):
    """The cosines stay below -0.15 when every feature moves a little."""
    prompts = public.as_trio(trio)
    for _ in range(50):
        moves = draw.choice([-0.02, 0.02], size=3)
        moved = [(s + m, hard) for (s, hard), m in zip(prompts, moves, strict=True)]
        cosine, i, j = public.least_negative(moved)
        if not cosine < -0.15:
            raise Wrong(f"moved by {np.round(moves, 2).tolist()}, prompts {i + 1} and {j + 1} "
                        f"have the cosine {shown(cosine)}.")  # fmt: skip
