"""The table of a figure's numbers holds what was drawn."""

import csv
import io

import numpy as np
import pytest

from passk_lib.figure_data import figure_data

plt = pytest.importorskip("matplotlib.pyplot")


def rows_of(draw) -> list[dict[str, str]]:
    fig, axes = plt.subplots()
    draw(axes)
    rows = list(csv.DictReader(io.StringIO(figure_data(fig))))
    plt.close(fig)
    return rows


def test_lines_keep_their_points_names_and_labels():
    def draw(axes):
        axes.plot([1, 2, 3], [0.5, 0.25, 0.125], label="pass@1")
        axes.set(xlabel="k", ylabel="value", title="A panel")

    rows = rows_of(draw)
    assert [(row["x"], row["y"]) for row in rows] == [("1", "0.5"), ("2", "0.25"), ("3", "0.125")]
    assert {(row["panel"], row["series"], row["x_label"]) for row in rows} == {
        ("A panel", "pass@1", "k")
    }


def test_points_carry_the_number_behind_their_colour():
    rows = rows_of(lambda axes: axes.scatter([1, 2], [3, 4], c=[0.1, 0.9]))
    assert [(row["kind"], row["value"]) for row in rows] == [("points", "0.1"), ("points", "0.9")]


@pytest.mark.parametrize("draw", ["pcolormesh", "imshow"])
def test_a_heatmap_gives_every_cell_its_number(draw):
    values = np.arange(6.0).reshape(2, 3)
    rows = rows_of(lambda axes: getattr(axes, draw)(values))
    assert [float(row["value"]) for row in rows] == list(range(6))
    assert len({(row["x"], row["y"]) for row in rows}) == 6


def test_contours_carry_their_level_and_lie_on_it():
    axis = np.linspace(-2, 2, 81)
    x, y = np.meshgrid(axis, axis)
    rows = rows_of(lambda axes: axes.contour(x, y, x**2 + y**2, levels=[1.0, 2.0]))
    assert {row["value"] for row in rows} == {"1", "2"}
    for row in rows:
        assert abs(float(row["x"]) ** 2 + float(row["y"]) ** 2 - float(row["value"])) < 0.01


def test_bars_areas_and_arrows_are_there_and_legends_are_not():
    def draw(axes):
        axes.bar([1, 2], [3, 4], label="bars")
        axes.fill_between([0, 1], [0, 0], [1, 2])
        axes.quiver([0], [0], [1], [2])
        axes.annotate("", xy=(3, 4), xytext=(1, 1), arrowprops={"arrowstyle": "->"})
        axes.legend()

    rows = rows_of(draw)
    assert {row["kind"] for row in rows} == {"bar", "area", "arrow"}
    arrows = {(row["x"], row["y"]) for row in rows if row["kind"] == "arrow"}
    assert arrows == {("0", "0"), ("1", "2"), ("1", "1"), ("3", "4")}
