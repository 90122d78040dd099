"""The theory of the paper as derivations that a program checks.

`claim("prop-4.5")` shows one claim; `ledger()` checks all of them. See `kernel` for the rules,
`axioms` for everything that is taken on trust.
"""
