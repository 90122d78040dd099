"""Public checks, one module an assignment; chapters use the same ones."""
