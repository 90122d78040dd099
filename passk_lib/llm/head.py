r"""The output matrix alone: gradients and agreement scores in closed form.

With hidden state h_t and logits z_t = W h_t (+ b) of token t, and residual
r_t = d log pi(y|x) / d z_t (one-hot of y_t minus the softmax, where nothing follows W),

    d log pi / d W = sum over t of r_t h_t^T,     <d log pi / d W, U> = sum over t of r_t . (U h_t).

Both need a forward pass through the rest of the model and no derivative of it, in either mode.  The
residual is taken by automatic differentiation from the logits back to z_t, so that whatever a model
does to its logits (a soft cap, a scale) is part of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional

from .rows import Batch
from .scoring import log_probabilities


class Head:
    """The output layer of a model whose scope is that layer's own parameters and nothing else."""

    def __init__(self, model, parameters: Mapping[str, torch.nn.Parameter]):
        self.model, self.layer = model, model.get_output_embeddings()
        self.names = {
            kind: name
            for kind, own in self.layer.named_parameters()
            for name, p in parameters.items()
            if p is own
        }

    @staticmethod
    def of(model, parameters: Mapping[str, torch.nn.Parameter]) -> Head | None:
        """None where these parameters are not exactly those of a linear output layer."""
        layer = model.get_output_embeddings()
        if type(layer) is not torch.nn.Linear:
            return None
        own = {id(p) for p in layer.parameters()}
        return Head(model, parameters) if own == {id(p) for p in parameters.values()} else None

    def _through(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states (rows, length, d) and residuals (rows, length, V), in float32 at least."""
        seen = {}

        def cut(layer, inputs, output):
            # Nothing before this point is recorded, everything after it is.
            seen["hidden"] = _full(inputs[0].detach())
            seen["logits"] = _full(output.detach()).requires_grad_()
            return seen["logits"]

        hook = self.layer.register_forward_hook(cut)
        try:
            with torch.enable_grad():
                value = log_probabilities(self.model, batch)
        finally:
            hook.remove()
        (residual,) = torch.autograd.grad(value.sum(), seen["logits"])  # each row has its own
        return seen["hidden"], residual

    def pull_back(self, batch: Batch, factor) -> list[dict[str, torch.Tensor]]:
        """For each row v of `factor`, (m, rows): the gradient of sum v log pi over the batch."""
        hidden, residual = self._through(batch)
        found = []
        for v in torch.as_tensor(factor, dtype=residual.dtype, device=residual.device):
            weighted = (residual * v[:, None, None]).flatten(0, 1)
            gradient = {self.names["weight"]: weighted.T @ hidden.flatten(0, 1)}
            if "bias" in self.names:
                gradient[self.names["bias"]] = weighted.sum(0)
            found.append(gradient)
        return found

    def slope(self, batch: Batch, u: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(rows,) derivative of log pi along u."""
        hidden, residual = self._through(batch)
        kinds = {kind: u[name].to(residual.dtype) for kind, name in self.names.items()}
        moved = functional.linear(hidden, kinds["weight"], kinds.get("bias"))
        return (moved * residual).sum((1, 2))


def _full(tensor: torch.Tensor) -> torch.Tensor:
    half = tensor.dtype in (torch.bfloat16, torch.float16)
    return tensor.to(torch.float32) if half else tensor
