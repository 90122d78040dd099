"""Assignment 3, "Derivations": what counts besides the public checks.

`draw` follows the course seed.
"""

from passk_lib.course.compare import agree_formula, agree_steps, points
from passk_lib.course.public import derivations as public
from passk_lib.course.questions import part


@part("derivations-1", points=2)
def weight_for_every_k(weight_steps, half_weight, draw):
    """Steps and point of half weight for k up to 60."""
    where = public.weight_points(draw, range(2, 61))
    agree_steps(weight_steps, public.WEIGHT, where, name="weight_steps",
                mistakes=public.WEIGHT_MISTAKES)  # fmt: skip
    agree_formula(half_weight, public.HALF, points(draw, k=range(2, 61)), name="half_weight",
                  mistakes=public.HALF_MISTAKES)  # fmt: skip


@part("derivations-2", points=1)
def slope_far_out(slope_steps, gradient_easy, draw):
    """The slope at margins up to 20."""
    agree_steps(slope_steps, public.SLOPE, points(draw, m=(-20, 20)), name="slope_steps", least=3,
                mistakes=public.SLOPE_MISTAKES)  # fmt: skip


@part("derivations-2", points=2)
def gradient_for_every_k(slope_steps, gradient_easy, draw):
    """Both entries for k up to 30."""
    first, second = public.two_expressions("gradient_easy", gradient_easy)
    where = points(draw, p=(0.05, 0.95), s=(-2, 2), k=range(1, 31))
    where = [point for point in where if point["s"]]
    agree_formula(first, public.FIRST, where, name="gradient_easy[0]",
                  mistakes=public.GRADIENT_MISTAKES)  # fmt: skip
    mistakes = {
        "The feature s is missing: the second derivative has it as a factor.": public.FIRST,
        "The sign is wrong.": -public.FIRST * public.s,
    }
    agree_formula(second, public.FIRST * public.s, where, name="gradient_easy[1]",
                  mistakes=mistakes)  # fmt: skip


@part("derivations-3", points=2)
def agreement_of_the_hard_prompt(agreement_easy, agreement_hard, square, draw):
    """The hard prompt's score."""
    mistakes = public.score_mistakes(public.v**2 * (1 + public.t**2), public.HARD)
    agree_formula(agreement_hard, public.HARD, public.score_points(draw), name="agreement_hard",
                  mistakes=mistakes)  # fmt: skip


@part("derivations-4", points=2)
def covariance_of_any_masses(covariance, inner_steps, draw):
    """The covariance at every mass."""
    agree_formula(covariance, public.COVARIANCE, public.pair_points(draw), name="covariance",
                  mistakes=public.COVARIANCE_MISTAKES)  # fmt: skip


@part("derivations-4", points=1)
def inner_product_of_any_masses(covariance, inner_steps, draw):
    """The steps at every mass."""
    agree_steps(inner_steps, public.INNER, public.pair_points(draw), name="inner_steps", least=3,
                mistakes=public.INNER_MISTAKES)  # fmt: skip


@part("derivations-5", points=2)
def threshold_everywhere(crossing, gap_steps, draw):
    """Crossing and price where the crossing lies below 1, too, and where G² is barely above b."""
    where = points(draw, q=(0.02, 0.98), m=(0.01, 3), b=(0.05, 1), e=(0.01, 0.45), d=(0.5, 0.99),
                   G2=(1.01, 9))  # fmt: skip
    agree_formula(crossing, public.CROSSING, where, name="crossing",
                  mistakes=public.CROSSING_MISTAKES)  # fmt: skip
    agree_steps(gap_steps, public.GAP, where, name="gap_steps", last=("G2", "b", "e", "d"),
                mistakes=public.GAP_MISTAKES)  # fmt: skip
