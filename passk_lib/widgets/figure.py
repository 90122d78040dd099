"""What the live figures share: their code in the browser, their state, and a picture as a stand-in.

A figure computes in the reader's browser, with or without a kernel. Its controls are native HTML
inputs, which browsers give names, keys and touch by themselves; its state is a handful of traits,
so `ipywidgets.jslink` can still tie any of them to another widget.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
import ipywidgets
import traitlets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LiveFigure"]

_STATIC = Path(__file__).with_name("static")


class _Code(anywidget.AnyWidget):
    """The hidden widget that holds the figures' JavaScript, once for all figures of a page."""

    _esm = "export default {};"
    key = traitlets.Unicode().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)

    _current: _Code | None = None

    @classmethod
    def shared(cls) -> _Code:
        if cls._current is None or cls._current.comm is None:
            source = (_STATIC / "figures.js").read_text(encoding="utf8")
            key = hashlib.sha256(source.encode()).hexdigest()[:16]
            cls._current = cls(key=key, source=source)
        return cls._current


class LiveFigure(anywidget.AnyWidget):
    """A figure that moves. It displays by being the last expression of a cell.

    Its state can be given to the constructor, read, set and observed (`figure.observe(f, "k")`).
    A bad value raises ValueError or TypeError and leaves the figure as it was; so does an unknown
    name (TypeError in the constructor, AttributeError later). `numbers()` computes in NumPy what
    the figure shows, `picture()` draws the state with Matplotlib.

    `ipywidgets.jslink((slider, "value"), (figure, "k"))` ties a trait to another widget, in a page
    without a kernel as in JupyterLab.
    """

    _esm = (_STATIC / "loader.js").read_text(encoding="utf8")
    _code = traitlets.Instance(_Code).tag(sync=True, **ipywidgets.widget_serialization)
    _figure = traitlets.Unicode().tag(sync=True)
    _opening = traitlets.Dict().tag(sync=True)

    def __init__(self, **state):
        for name in state:
            if name not in self.state_names():
                raise TypeError(self._unknown(name))
        super().__init__(_code=_Code.shared(), _figure=type(self).__name__, **state)
        self._opening = self.state()

    def __setattr__(self, name: str, value) -> None:
        # What ipywidgets and anywidget set are traits of the class, or private.
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(self._unknown(name))
        super().__setattr__(name, value)

    @classmethod
    def _unknown(cls, name: str) -> str:
        return f"{cls.__name__} has no {name!r}; it has {', '.join(cls.state_names())}"

    @classmethod
    def state_names(cls) -> list[str]:
        """The names of the traits that make up the figure's state."""
        own = [name for base in reversed(cls.__mro__) if issubclass(base, LiveFigure)
               for name in vars(base)]  # fmt: skip
        traits = cls.class_traits(sync=True)
        return [name for name in own if name in traits and not name.startswith("_")]

    def state(self) -> dict:
        """The figure's state by name, as plain numbers, words and tuples."""
        return {name: getattr(self, name) for name in self.state_names()}

    def reset(self) -> None:
        """Back to the state in which the figure was made."""
        for name, value in self._opening.items():
            setattr(self, name, value)

    @abstractmethod
    def numbers(self) -> dict:
        """What the figure shows, computed here by the library: plain numbers and lists by name."""

    @abstractmethod
    def picture(self) -> Figure:
        """The present state as a Matplotlib figure."""

    @abstractmethod
    def describe(self) -> str:
        """The present state in words, for readers who cannot see it."""

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.state().items())
        return f"{type(self).__name__}({inside})"

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = self.describe()
        # Colab shows one form of an output, and might choose the picture.
        if "google.colab" not in sys.modules:
            stand_in = self._stand_in()
            if stand_in is not None:
                data["image/png"], numbers = stand_in
                about = {"figure": self._figure, "alt": self.describe(), "csv": numbers}
                metadata = {**(metadata or {}), "image/png": about}
        return data, metadata

    def _stand_in(self) -> tuple[str, str] | None:
        """The picture as base64, for print and for pages without JavaScript, and the numbers that
        it draws as CSV; None without Matplotlib."""
        try:
            import matplotlib.pyplot as plt
            from PIL import Image  # Matplotlib's own dependency

            from passk_lib.figure_data import figure_data
        except ImportError:
            return None
        figure = self.picture()
        numbers = figure_data(figure)
        drawn, small = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", dpi=150)
        plt.close(figure)
        # Few colours are in it: a palette makes the file several times smaller.
        Image.open(drawn).convert("RGB").quantize(96).save(small, format="png", optimize=True)
        return base64.b64encode(small.getvalue()).decode(), numbers
