"""Assignment 6, "The language model": right answers written in other ways, and the usual wrong
ones.

RIGHT and WRONG map a question to code cells that stand in the place of its answer, each with a
name. A test grades every one: the right ones get full points, the wrong ones do not.
"""

SCORES = """
def scores(kernel):
    size, total = len(kernel), kernel.sum(axis=1)
    return total / size, (total - np.diag(kernel)) / (size - 1)
"""

ESTIMATES = """
def plug_in(n, c, kernel, k):
    weights = k * (1 - np.asarray(c) / n)**(k - 1)
    return float(np.mean(weights * scores(kernel)[0]))

def unbiased(n, c, kernel, k):
    credits = np.array([k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) for x in c])
    return float(np.mean(credits * scores(kernel)[1]))
"""

ERROR = """
def standard_error(n, c, kernel, k):
    c, N, t = np.array(c), len(c), []
    for i in range(N):
        rest = np.delete(np.arange(N), i)
        t.append(unbiased(n, c[rest], kernel[rest][:, rest], k))
    t = np.array(t)
    return np.sqrt((N - 1) / N * ((t - t.mean())**2).sum())
"""

VERDICT = """
def verdict(n, c, kernel, k):
    middle = unbiased(n, c, kernel, k)
    half = 1.6448536269514722 * standard_error(n, c, kernel, k)
    word = "undecided"
    if middle + half < 0:
        word = "conflict"
    elif middle - half > 0:
        word = "no conflict"
    return [middle - half, middle + half, word]
"""

LIBRARY = """
from passk_lib.field import SampleCounts
from passk_lib.llm.estimates import SampledAgreement

def sampled(n, c, kernel):
    kernel = np.array(kernel, dtype=float)
    counts = SampleCounts(n, np.array(c))
    return SampledAgreement(counts, kernel.mean(axis=1), np.diag(kernel).copy(), None, kernel)
"""

RECORDED = """
excess = plug_in(n, c, kernel, 1) / unbiased(n, c, kernel, 1)
credits = np.array([2 * (n - x) / (n - 1) for x in c])
hard_part = (credits * scores(kernel)[1])[hard].sum() / len(c)
words = {N: verdict(n, c[:N], kernel[:N, :N], 8)[2] for N in (25, 50, 100, 200)}
"""

RIGHT = {
    "language-1": {
        "without the diagonal": """
def scores(kernel):
    off = kernel * (1 - np.eye(len(kernel)))
    return [kernel.mean(axis=0), off.sum(axis=0) / (len(kernel) - 1)]
""",
        "loops": """
def scores(kernel):
    N = len(kernel)
    return ([sum(row) / N for row in kernel],
            [(sum(row) - row[i]) / (N - 1) for i, row in enumerate(kernel)])
""",
    },
    "language-2": {
        "pair by pair": """
def plug_in(n, c, kernel, k):
    N = len(c)
    return sum(k * (1 - c[i] / n)**(k - 1) * kernel[i, j]
               for i in range(N) for j in range(N)) / N**2

def unbiased(n, c, kernel, k):
    N = len(c)
    credit = [k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) for x in c]
    return sum(credit[i] * kernel[i, j] for i in range(N) for j in range(N) if j != i) / N / (N - 1)
""",
        "library": LIBRARY
        + """
def plug_in(n, c, kernel, k):
    return float(sampled(n, c, kernel).inner(k, "plug-in"))

def unbiased(n, c, kernel, k):
    return float(sampled(n, c, kernel).inner(k))
""",
    },
    "language-3": {
        "one by one": ERROR,
        "row and column sums": """
def standard_error(n, c, kernel, k):
    N = len(c)
    credit = np.array([k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) for x in c])
    h = credit[:, None] * (kernel - np.diag(np.diag(kernel)))
    t = (h.sum() - h.sum(axis=0) - h.sum(axis=1)) / ((N - 1) * (N - 2))
    return float((N - 1) / np.sqrt(N) * t.std(ddof=1))
""",
        "library": LIBRARY
        + """
def standard_error(n, c, kernel, k):
    return float(sampled(n, c, kernel).standard_error(k))
""",
    },
    "language-4": {
        "by ifs": VERDICT,
        "library": LIBRARY
        + """
def verdict(n, c, kernel, k):
    low, high = sampled(n, c, kernel).interval(k)
    return low, high, ["no conflict", "undecided", "conflict"][int(low <= 0) + int(high < 0)]
""",
    },
    "language-5": {
        "from the functions": RECORDED,
        "by hand": LIBRARY
        + """
whole = sampled(n, c, kernel)
excess = whole.agreement.mean() / whole.agreement_without_self.mean()
terms = whole.weights(2) * whole.agreement_without_self
hard_part = np.mean(np.where(hard, terms, 0))
words = {25: "undecided", 50: "undecided", 100: "conflict", 200: "conflict"}
""",
    },
}

WRONG = {
    "language-1": {
        "N for the others": SCORES.replace("np.diag(kernel)) / (size - 1)",
                                           "np.diag(kernel)) / size"),
        "itself in both": SCORES.replace("(total - np.diag(kernel)) / (size - 1)", "total / size"),
        "sums": SCORES.replace(" / size", "").replace(" / (size - 1)", ""),
        "exchanged": """
def scores(kernel):
    size, total = len(kernel), kernel.sum(axis=1)
    return (total - np.diag(kernel)) / (size - 1), total / size
""",
    },
    "language-2": {
        "the weight twice": ESTIMATES.replace(
            "np.array([k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) for x in c])",
            "k * (1 - np.asarray(c) / n)**(k - 1)"),
        "itself in the unbiased": ESTIMATES.replace("credits * scores(kernel)[1]",
                                                    "credits * scores(kernel)[0]"),
        "credit from n samples": ESTIMATES.replace("comb(n - 1, k - 1)", "comb(n, k - 1)"),
        "k times too small": ESTIMATES.replace("[k * comb", "[comb"),
        "solved prompts only": ESTIMATES.replace(
            "np.mean(credits * scores(kernel)[1])",
            "np.mean((credits * scores(kernel)[1])[np.asarray(c) > 0])"),
        "weighted mean": ESTIMATES.replace(
            "np.mean(weights * scores(kernel)[0])",
            "np.average(scores(kernel)[0], weights=weights + 1e-300)"),
    },
    "language-3": {
        "rows only": """
def standard_error(n, c, kernel, k):
    N = len(c)
    credit = np.array([k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) for x in c])
    terms = credit * scores(kernel)[1]
    return float(terms.std(ddof=1) / np.sqrt(N))
""",
        "spread of the t": ERROR.replace("(N - 1) / N * ((t", "1 / N * ((t"),
        "variance": ERROR.replace("np.sqrt(", "("),
        "of the plug-in": ERROR.replace("unbiased(", "plug_in("),
    },
    "language-4": {
        "95 %": VERDICT.replace("1.6448536269514722", "1.959963984540054"),
        "one-sided": VERDICT.replace("1.6448536269514722", "1.2815515655446004"),
        "one standard error": VERDICT.replace("1.6448536269514722", "1.0"),
        "the estimate's sign": VERDICT.replace("if middle + half < 0", "if middle < 0"),
        "conflict is positive": VERDICT.replace('"conflict"', '"x"')
            .replace('"no conflict"', '"conflict"').replace('"x"', '"no conflict"'),
        "around the plug-in": VERDICT.replace("unbiased(", "plug_in("),
    },
    "language-5": {
        "upside down": RECORDED.replace("plug_in(n, c, kernel, 1) / unbiased(n, c, kernel, 1)",
                                        "unbiased(n, c, kernel, 1) / plug_in(n, c, kernel, 1)"),
        "excess over the truth": RECORDED.replace("/ unbiased(n, c, kernel, 1)", "/ data.exact[0]"),
        "mean over the hard prompts": RECORDED.replace(".sum() / len(c)", ".mean()"),
        "easy prompts": RECORDED.replace("[hard]", "[~hard]"),
        "another k": RECORDED.replace("kernel[:N, :N], 8)", "kernel[:N, :N], 32)"),
        "the last prompts": RECORDED.replace("c[:N], kernel[:N, :N]", "c[-N:], kernel[-N:, -N:]"),
    },
}  # fmt: skip
