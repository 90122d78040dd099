"""Assignment 6, "The language model": what counts besides the public checks.

`draw` follows the course seed.
"""

import numpy as np

from passk_lib.course.compare import agree, equal
from passk_lib.course.language_data import load
from passk_lib.course.public import language as public
from passk_lib.course.questions import part


def random_cases(draw, sizes, ks, n=12):
    return [(n, *public.small_case(draw, size, n, dim=4), k) for size in sizes for k in ks]


@part("language-1", points=2)
def random_kernels(scores, draw):
    """Random gradients, two prompts and prompts without a correct completion among them."""
    cases = [(public.small_case(draw, size, 3)[1],) for size in (2, 3, 10, 40)]
    agree(scores, public.true_scores, cases, "kernel", mistakes=public.SCORE_MISTAKES)


@part("language-2", points=2)
def random_estimates(plug_in, unbiased, draw):
    """Random counts, from k = 1 to k = n."""
    cases = random_cases(draw, (2, 5, 20), (1, 3, 12))
    agree(plug_in, public.true_plug_in, cases, public.NAMES, mistakes=public.PLUG_IN_MISTAKES)
    agree(unbiased, public.true_unbiased, cases, public.NAMES, mistakes=public.UNBIASED_MISTAKES)


@part("language-2", points=1)
def estimates_of_the_recording(plug_in, unbiased, draw):
    """All recorded prompts, some with no correct completion."""
    data = load()
    cases = [(data.n, data.c, data.kernel, int(draw.integers(2, 33)))]
    agree(plug_in, public.true_plug_in, cases, public.NAMES, mistakes=public.PLUG_IN_MISTAKES)
    agree(unbiased, public.true_unbiased, cases, public.NAMES, mistakes=public.UNBIASED_MISTAKES)


@part("language-3", points=3)
def random_errors(standard_error, draw):
    """Random counts, and 100 recorded prompts."""
    data = load()
    cases = random_cases(draw, (4, 15), (1, 2, 6))
    cases.append((data.n, data.c[:100], data.kernel[:100, :100], int(draw.integers(2, 33))))
    agree(standard_error, public.true_error, cases, public.NAMES, mistakes=public.ERROR_MISTAKES,
          relative=1e-7)  # fmt: skip


@part("language-4", points=3)
def every_word_occurs(verdict, draw):
    """Made-up data for which each of the three words is right at least twice."""
    wanted = {"conflict": 2, "no conflict": 2, "undecided": 2}
    cases = []
    while any(wanted.values()):
        c, kernel = public.small_case(draw, 30, 8, solved=0.3)
        # In most cases the easy prompts' gradients are turned round, so that the labels disagree.
        sign = np.where((c > 3) & (draw.random() < 0.7), -1, 1)
        kernel = kernel * np.outer(sign, sign)
        case = (8, c, kernel, int(draw.integers(1, 9)))
        low, high, word = public.true_verdict(*case)
        if wanted[word] and min(abs(low), abs(high)) > 1e-6:
            wanted[word] -= 1
            cases.append(case)
    agree(verdict, public.true_verdict, cases, public.NAMES, mistakes=public.VERDICT_MISTAKES,
          relative=1e-7)  # fmt: skip


@part("language-5", points=2)
def part_of_the_hard_prompts(excess, hard_part, words, draw):
    """The hard prompts' part of the estimate at k = 2."""
    data = load()
    hard = public.recorded_part(data.hard)
    mistakes = {
        "That is the mean over the hard prompts; divide by the number of all prompts.": (
            hard * len(data.c) / data.hard.sum()
        ),
        "That is the part of the easy prompts.": public.recorded_part(~data.hard),
        "That is the sum; divide by the number of all prompts.": hard * len(data.c),
    }
    equal("hard_part", hard_part, hard, mistakes=mistakes, relative=1e-7)


@part("language-5", points=2)
def words_of_four_sizes(excess, hard_part, words, draw):
    """What 25, 50, 100 and 200 prompts decide at k = 8."""
    equal("words", words, public.recorded_words())
