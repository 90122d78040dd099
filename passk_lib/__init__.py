"""Why optimising pass@k can hurt pass@1: the library behind the book."""

__version__ = "2026.11.0"
