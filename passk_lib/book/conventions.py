"""How chapters mark what the book links to. The build makes targets of it, the notebook checks know
it too.
"""

import re

# What a statement may be called, and how its id begins: "Proposition 4.1" has the id prop-4.1.
KINDS = {
    "Definition": "def",
    "Theorem": "thm",
    "Proposition": "prop",
    "Corollary": "cor",
    "Lemma": "lem",
    "Claim": "claim",
    "Assumption": "asm",
    "Remark": "rem",
    "Example": "exa",
    "Proof": None,  # a box, but no target
}
NUMBER = r"[A-Z0-9]+(?:\.[0-9]+)*"
# The bold words that open a statement's blockquote.
STATEMENT = re.compile(rf"({'|'.join(KINDS)})(?: ({NUMBER}))?\.?$")
# \tag{9} gives its equation the id eq-9.
TAG = re.compile(r"\\tag\*?\{([^{}]+)\}")
# A heading "Exercise 3.2" gets the id ex-3.2.
EXERCISE = re.compile(rf"Exercise ({NUMBER})\b")
# <a id="chen2021"></a> is a target of its own, in the bibliography above all.
ANCHOR = re.compile(r"<a\s+id=\"([^\"]+)\"\s*/?>")
