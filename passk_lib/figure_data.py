"""The numbers that a Matplotlib figure draws, as a table that spreadsheets and pandas can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["figure_data"]

COLUMNS = ("panel", "x_label", "y_label", "series", "kind", "x", "y", "value")


def figure_data(fig: Figure) -> str:
    """What ``fig`` draws, as CSV with one row a point: its panel (title or number) and the panel's
    axis labels, the series it belongs to (label or number), what it is drawn as, x, y, and a value
    where it has one.

    Kinds and values: ``line``; ``points`` (value: the number behind the colour); ``area`` (the
    outline, vertex by vertex); ``cell`` of a heatmap (its centre, value: its number); ``contour``
    (value: its level); ``bar`` (x: its middle, y: its top, value: its width); ``arrow`` (two rows:
    tail and head). What is not drawn in the coordinates of the axes, such as a legend, is left out.
    Seven significant digits.

    >>> from passk_lib.figures import curves
    >>> points = {"pass@2": [0, 0.75, 1]}
    >>> fig = curves([0, 0.5, 1], points, xlabel="p", ylabel="F(p)")
    >>> print(figure_data(fig).strip())
    panel,x_label,y_label,series,kind,x,y,value
    panel 1,p,F(p),pass@2,line,0,0,
    panel 1,p,F(p),pass@2,line,0.5,0.75,
    panel 1,p,F(p),pass@2,line,1,1,
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, axes in enumerate(fig.axes, start=1):
        panel = _plain(axes.get_title() or axes.get_title("left")) or f"panel {number}"
        frame = (panel, _plain(axes.get_xlabel()), _plain(axes.get_ylabel()))
        for series, kind, points in _artists(axes):
            for point in points:
                numbers = ("" if np.isnan(one) else f"{one:.7g}" for one in point)
                writer.writerow((*frame, series, kind, *numbers))
    return file.getvalue()


def _plain(label: str) -> str:
    return " ".join(str(label).split())


def _artists(axes: Axes) -> Iterator[tuple[str, str, np.ndarray]]:
    """(series, kind, rows of x, y, value) of all that ``axes`` draws in its own coordinates."""
    counts: dict[str, int] = {}
    for artist in axes.get_children():
        if not artist.get_visible():
            continue
        for kind, points in _drawn(artist, axes):
            rows = np.full((len(points), 3), np.nan)
            rows[:, : points.shape[1]] = points
            counts[kind] = counts.get(kind, 0) + 1
            label = str(artist.get_label() or "")
            named = label and not label.startswith("_")
            yield _plain(label) if named else f"{kind} {counts[kind]}", kind, rows


def _drawn(artist, axes: Axes) -> Iterator[tuple[str, np.ndarray]]:
    from matplotlib import collections, contour, image, lines, patches, quiver, text

    in_data = artist.get_transform().contains_branch(axes.transData)
    if isinstance(artist, contour.ContourSet):
        for level, path in zip(artist.levels, artist.get_paths(), strict=False):
            if len(path.vertices):
                yield "contour", _with_value(path.vertices, level)
    elif isinstance(artist, quiver.Quiver):
        tails = np.column_stack([artist.X, artist.Y])
        heads = tails + np.column_stack([artist.U, artist.V])
        yield "arrow", np.stack([tails, heads], axis=1).reshape(-1, 2)
    elif isinstance(artist, text.Annotation):
        if artist.arrow_patch is not None and artist.xycoords == artist.anncoords == "data":
            yield "arrow", np.array([artist.get_position(), artist.xy], dtype=float)
    elif isinstance(artist, patches.FancyArrow) and in_data:
        x, y = artist._x, artist._y
        yield "arrow", np.array([[x, y], [x + artist._dx, y + artist._dy]], dtype=float)
    elif isinstance(artist, patches.FancyArrowPatch) and artist._posA_posB[0] is not None:
        yield "arrow", np.array(artist._posA_posB, dtype=float)
    elif isinstance(artist, collections.QuadMesh):
        corners = artist.get_coordinates()
        centres = (corners[1:, 1:] + corners[:-1, :-1]) / 2
        yield "cell", _with_value(centres.reshape(-1, 2), np.ravel(artist.get_array()))
    elif isinstance(artist, image.AxesImage):
        values = np.asarray(artist.get_array(), dtype=float)
        if values.ndim == 2:
            left, right, bottom, top = artist.get_extent()
            if artist.origin == "upper":
                bottom, top = top, bottom
            across = left + (np.arange(values.shape[1]) + 0.5) / values.shape[1] * (right - left)
            up = bottom + (np.arange(values.shape[0]) + 0.5) / values.shape[0] * (top - bottom)
            grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
            yield "cell", _with_value(grid, values.ravel())
    elif isinstance(artist, collections.PathCollection):
        if artist.get_offset_transform().contains_branch(axes.transData):
            points = np.ma.filled(np.ma.asarray(artist.get_offsets(), dtype=float), np.nan)
            values = artist.get_array()
            colours = values is not None and np.size(values) == len(points)
            yield "points", _with_value(points, np.ravel(values)) if colours else points
    elif isinstance(artist, collections.LineCollection) and in_data:
        for segment in artist.get_segments():
            yield "line", np.asarray(segment, dtype=float)
    elif isinstance(artist, collections.PolyCollection) and in_data:
        for path in artist.get_paths():
            yield "area", path.vertices
    elif isinstance(artist, lines.Line2D) and in_data and len(artist.get_xydata()):
        yield "line", np.ma.filled(np.ma.asarray(artist.get_xydata(), dtype=float), np.nan)
    elif isinstance(artist, patches.Rectangle) and artist is not axes.patch and in_data:
        width, height = artist.get_width(), artist.get_height()
        yield "bar", np.array([[artist.get_x() + width / 2, artist.get_y() + height, width]])
    elif isinstance(artist, patches.Polygon | patches.StepPatch | patches.PathPatch) and in_data:
        path = artist.get_path()
        yield "area", artist.get_patch_transform().transform_path(path).vertices


def _with_value(points: np.ndarray, value) -> np.ndarray:
    values = np.ma.filled(np.ma.asarray(np.broadcast_to(value, len(points)), dtype=float), np.nan)
    return np.column_stack([points, values])
