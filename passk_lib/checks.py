"""Argument checks: every error names the argument, the offending value and what is allowed.

Each `as_...` function returns its argument as a NumPy array of one fixed dtype (float64, int64 or
bool). Values are never repaired: no clipping, no rounding, no renormalising.
"""

from __future__ import annotations

import operator

import numpy as np

__all__ = [
    "LARGEST_INTEGER",
    "MASS_TOLERANCE",
    "as_counts",
    "as_finite",
    "as_flags",
    "as_integer",
    "as_integers",
    "as_masses",
    "as_nonnegative",
    "as_number",
    "as_positive_integers",
    "as_probabilities",
    "as_rewards",
    "as_row",
    "as_rows",
    "broadcast",
    "read_only",
]

MASS_TOLERANCE = 1e-9
"""How far the masses of a prompt distribution may sum from 1."""

LARGEST_INTEGER = 2**53
"""Largest integer accepted: up to here float64 holds every integer exactly."""


def _reject(name: str, allowed: str, values: np.ndarray, bad: np.ndarray) -> None:
    """Raise ValueError for the first entry of `values` where `bad` holds, if there is one."""
    if not bad.any():
        return
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f" at index {index[0] if len(index) == 1 else index}" if index else ""
    count = int(bad.sum())
    others = f" ({count} such entries)" if count > 1 else ""
    raise ValueError(f"{name} must be {allowed}; got {values[index]}{where}{others}")


def as_finite(name: str, x, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """`x` as a float64 array of finite real numbers; `shape` fixes its shape, None = any length.

    Raises TypeError if `x` is not made of real numbers, ValueError for NaN, infinity, no entries
    or another shape.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} must be a rectangular array of numbers; got {x!r}") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers; got dtype {array.dtype}: {x!r}")
    if shape is not None:
        _check_shape(name, array, shape)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; got shape {array.shape}")
    array = array.astype(np.float64, copy=False)
    _reject(name, "finite", array, ~np.isfinite(array))
    return array


def _check_shape(name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = len(shape) == array.ndim and all(
        wanted is None or wanted == found for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise ValueError(f"{name} must have shape {wanted}; got {array.shape}")


def as_number(name: str, x, low: float = -np.inf, high: float = np.inf, *, open_low=False) -> float:
    """`x` as one finite float with low <= x <= high (low < x where `open_low`)."""
    value = float(as_finite(name, x, ()))
    if not (low < value if open_low else low <= value) or value > high:
        left = f"{'greater than' if open_low else 'at least'} {low:g}" if low > -np.inf else ""
        right = f"at most {high:g}" if high < np.inf else ""
        raise ValueError(f"{name} must be {' and '.join(filter(None, [left, right]))}; got {value}")
    return value


def as_probabilities(name: str, p, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """`p` as a float64 array with every entry in [0, 1].

    >>> as_probabilities("success", [0.25, 1.5])
    Traceback (most recent call last):
    ValueError: success must be in [0, 1]; got 1.5 at index 1
    """
    array = as_finite(name, p, shape)
    _reject(name, "in [0, 1]", array, (array < 0) | (array > 1))
    return array


def as_nonnegative(name: str, x, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """`x` as a float64 array with every entry finite and at least 0."""
    array = as_finite(name, x, shape)
    _reject(name, "at least 0", array, array < 0)
    return array


def as_masses(name: str, mass, size: int | None = None) -> np.ndarray:
    """`mass` as a probability vector: (prompts,), at least 0, sum 1 up to `MASS_TOLERANCE`."""
    array = as_nonnegative(name, mass, (size,))
    total = float(array.sum())
    if abs(total - 1) > MASS_TOLERANCE:
        raise ValueError(f"{name} must sum to 1 (up to {MASS_TOLERANCE:g}); got the sum {total!r}")
    return array


def as_integers(name: str, x, low: int = -LARGEST_INTEGER) -> np.ndarray:
    """`x` as an int64 array with low <= x <= 2^53. Floats and booleans are rejected."""
    if not isinstance(x, np.ndarray):
        try:
            x = operator.index(x) if not isinstance(x, bool | np.bool_) else x
        except TypeError:
            pass
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} must be a rectangular array of integers; got {x!r}") from None
    allowed = f"an integer from {low} to 2^53" if low > -LARGEST_INTEGER else "an integer"
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; got shape {array.shape}")
    if array.dtype.kind == "O" and all(type(entry) is int for entry in array.flat):
        # Python integers beyond 64 bits.
        outside = np.array([not low <= entry <= LARGEST_INTEGER for entry in array.flat])
        _reject(name, allowed, array, outside.reshape(array.shape))
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be {allowed}; got {x!r} of dtype {array.dtype}")
    _reject(name, allowed, array, (array < low) | (array > LARGEST_INTEGER))
    return array.astype(np.int64, copy=False)


def as_integer(name: str, x, low: int = -LARGEST_INTEGER) -> int:
    """`x` as one int with low <= x <= 2^53."""
    array = as_integers(name, x, low)
    if array.ndim:
        raise ValueError(f"{name} must be one integer; got shape {array.shape}")
    return int(array)


def as_positive_integers(name: str, k) -> np.ndarray:
    """`k` as an int64 array with 1 <= k <= 2^53. Floats (even 3.0) and booleans are rejected."""
    return as_integers(name, k, low=1)


def as_counts(n, c) -> tuple[np.ndarray, np.ndarray]:
    """n samples, c of them correct, as int64 arrays with n >= 1 and 0 <= c <= n."""
    n, c = broadcast(n=as_positive_integers("n", n), c=as_integers("c", c, low=0))
    if (c > n).any():
        index = tuple(np.argwhere(c > n)[0])
        raise ValueError(f"c must be at most n; got c = {c[index]} correct of n = {n[index]}")
    return n, c


def as_rewards(name: str, rewards) -> np.ndarray:
    """`rewards` as a bool array (..., n) of verifier outcomes; entries must be 0 or 1, n >= 1."""
    try:
        array = np.asarray(rewards)
    except ValueError:
        raise ValueError(
            f"{name} must be rectangular, the same number n of samples for every prompt; "
            f"got {rewards!r}"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be 0 or 1; got dtype {array.dtype}: {rewards!r}")
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name} must have shape (..., n) with n >= 1; got shape {array.shape}")
    _reject(name, "0 or 1", array, (array != 0) & (array != 1))
    return array.astype(bool)


def as_flags(name: str, flags, size: int) -> np.ndarray:
    """`flags` as a bool array (size,)."""
    array = np.asarray(flags)
    if array.dtype.kind != "b":
        raise TypeError(f"{name} must be booleans; got dtype {array.dtype}: {flags!r}")
    _check_shape(name, array, (size,))
    return array


def as_rows(name: str, rows, size: int) -> np.ndarray:
    """`rows` as an int64 array of prompt indices, 0 <= index < size (no negative indices)."""
    array = np.atleast_1d(as_integers(name, rows, low=0))
    _check_shape(name, array, (None,))
    _reject(name, f"less than {size}, the number of prompts", array, array >= size)
    return array


def as_row(name: str, row, size: int) -> int:
    """`row` as the index of one prompt, 0 <= row < size."""
    if np.ndim(row):
        raise ValueError(f"{name} must be the index of one prompt; got {row!r}")
    return int(as_rows(name, row, size)[0])


def broadcast(**arrays: np.ndarray) -> list[np.ndarray]:
    """The named arrays at their common shape; ValueError naming all of them if there is none."""
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes must broadcast; got {shapes}") from None
    return [np.broadcast_to(array, shape) for array in arrays.values()]


def read_only(array: np.ndarray) -> np.ndarray:
    """`array` itself if it cannot be written to and owns its data, else a read-only copy."""
    if array.flags.writeable or not array.flags.owndata:
        array = array.copy()
        array.flags.writeable = False
    return array
