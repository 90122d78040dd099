"""Traits of the live figures: what is assigned is checked first, so a bad value changes nothing.

Errors are ValueError or TypeError, name the trait, the value and what is allowed. Several numbers
are kept as a tuple: an entry cannot be changed behind the check's back. All traits are synchronised
with the browser, which sees tuples as lists.
"""

from __future__ import annotations

from collections.abc import Sequence

import traitlets

from .. import checks

__all__ = ["Choice", "Integer", "Masses", "Number", "Point", "Points"]


class _Synced(traitlets.TraitType):
    def __init__(self, default):
        super().__init__(default)
        self.tag(sync=True)

    def validate(self, obj, value):
        return self.check(value)  # each kind's own: the value as it is kept, or an error


def frozen(value):
    """Lists within lists as tuples within tuples."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


class _Entries(_Synced):
    """Several numbers, kept as a tuple."""

    def __init__(self, default: Sequence):
        super().__init__(tuple(default))

    def make_dynamic_default(self):
        return self.default_value  # a default that is made goes through `check`


class Number(_Synced):
    """A finite number with low <= x <= high."""

    def __init__(self, default: float, low: float, high: float):
        super().__init__(default)
        self.low, self.high = low, high

    def check(self, value):
        return checks.as_number(self.name, value, self.low, self.high)


class Integer(_Synced):
    """An integer with low <= n <= high; floats and booleans are rejected."""

    def __init__(self, default: int, low: int, high: int):
        super().__init__(default)
        self.low, self.high = low, high

    def check(self, value):
        allowed = f"an integer from {self.low} to {self.high}"
        try:
            number = checks.as_integers(self.name, value, self.low)
        except TypeError:
            raise TypeError(f"{self.name} must be {allowed}; got {value!r}") from None
        except ValueError:
            number = None
        if number is None or number.ndim or number > self.high:
            raise ValueError(f"{self.name} must be {allowed}; got {value!r}")
        return int(number)


class Choice(_Synced):
    """One of a few words."""

    def __init__(self, default: str, *others: str):
        super().__init__(default)
        self.options = (default, *others)

    def check(self, value):
        if value not in self.options:
            allowed = ", ".join(repr(option) for option in self.options)
            raise ValueError(f"{self.name} must be one of {allowed}; got {value!r}")
        return value


class Point(_Entries):
    """`size` finite numbers, each with low <= x <= high. Arrays are taken, too."""

    def __init__(self, default: Sequence[float], low: float, high: float):
        super().__init__(default)
        self.low, self.high, self.size = low, high, len(default)

    def check(self, value):
        array = checks.as_finite(self.name, value, (self.size,))
        outside = (array < self.low) | (array > self.high)
        if outside.any():
            raise ValueError(
                f"{self.name} must have entries from {self.low:g} to {self.high:g}; "
                f"got {array.tolist()}"
            )
        return frozen(array.tolist())


class Points(_Entries):
    """1 to `most` finite numbers, each with low <= x <= high."""

    def __init__(self, default: Sequence[float], low: float, high: float, most: int):
        super().__init__(default)
        self.low, self.high, self.most = low, high, most

    def check(self, value):
        array = checks.as_finite(self.name, value, (None,))
        if len(array) > self.most:
            raise ValueError(f"{self.name} must have at most {self.most} entries; got {len(array)}")
        if ((array < self.low) | (array > self.high)).any():
            raise ValueError(
                f"{self.name} must have entries from {self.low:g} to {self.high:g}; "
                f"got {array.tolist()}"
            )
        return frozen(array.tolist())


class Masses(_Entries):
    """Non-negative numbers, not all 0, `size` of them: masses up to a common factor."""

    def __init__(self, default: Sequence[float]):
        super().__init__(default)
        self.size = len(default)

    def check(self, value):
        array = checks.as_nonnegative(self.name, value, (self.size,))
        if not array.sum() > 0:
            raise ValueError(f"{self.name} must have a positive entry; got {array.tolist()}")
        return frozen(array.tolist())
