"""AdamW on all weights as one vector: a step's cost is arithmetic, not bookkeeping."""

from __future__ import annotations

import torch
from torch import nn

from sklearn_synthohive.neural._ema import average_weight, update_average

__all__ = ["FlatAdamW", "descend", "flatten", "follow"]


def flatten(parameters) -> torch.Tensor:
    """Put parameters one behind the other in memory.

    Parameters
    ----------
    parameters : sequence of nn.Parameter
        Become views of what is returned, with the values that they have.

    Returns
    -------
    tensor of shape (n_weights,)
    """
    vector = torch.cat([p.detach().reshape(-1) for p in parameters])
    parts = vector.split([p.numel() for p in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.data = part.view_as(parameter)
    return vector


class FlatAdamW(torch.optim.AdamW):
    """AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) on one long vector.

    Parameters
    ----------
    decayed, spared : list of nn.Parameter
        With and without weight decay; become views of the vector.
    weight_decay : float or list of (float or tensor)
        Of all decayed weights, or of each parameter (a float, or a tensor of its
        shape).
    **kwargs
        As for torch's AdamW.
    """

    def __init__(self, decayed, spared, weight_decay, **kwargs):
        self.weights = [*decayed, *spared]
        self.n_decayed = sum(p.numel() for p in decayed)
        if isinstance(weight_decay, float):
            weight_decay = [weight_decay] * len(decayed)
        self.decay: torch.Tensor | None = torch.cat(
            [
                torch.as_tensor(own, dtype=p.dtype, device=p.device)
                .expand(p.shape)
                .reshape(-1)
                for own, p in zip(weight_decay, decayed, strict=True)
            ]
            or [torch.zeros(0)]
        )
        self.mean: torch.Tensor | None = None
        vector = nn.Parameter(flatten(self.weights), requires_grad=False)
        super().__init__([vector], weight_decay=0.0, fused=True, **kwargs)

    def __getstate__(self):
        own = {k: getattr(self, k) for k in ("weights", "n_decayed")}
        return super().__getstate__() | own | {"mean": None, "decay": None}

    def keep_average(self, decayed, spared):
        """Flatten the parameters of a moving average, too.

        Parameters
        ----------
        decayed, spared : list of nn.Parameter
            In the order of the weights.
        """
        self.mean = flatten([*decayed, *spared])

    @torch.no_grad()
    def descend(self, loss: torch.Tensor, clip: float):
        """One step against the gradient, cut to a norm.

        Parameters
        ----------
        loss : tensor, scalar
        clip : float
        """
        grads = torch.autograd.grad(loss, self.weights, allow_unused=True)
        flat = torch.cat(
            [
                (torch.zeros_like(p) if g is None else g).reshape(-1)
                for p, g in zip(self.weights, grads, strict=True)
            ]
        )
        flat.mul_((clip / (torch.linalg.vector_norm(flat) + 1e-6)).clamp_(max=1.0))
        (group,) = self.param_groups
        (vector,) = group["params"]
        part = vector[: self.n_decayed]
        part.addcmul_(part, self.decay, value=-group["lr"])
        vector.grad = flat
        self.step()
        vector.grad = None


def descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer, clip: float):
    """As :meth:`FlatAdamW.descend`, by any optimiser.

    Parameters
    ----------
    loss : tensor, scalar
    optimizer : torch.optim.Optimizer
    clip : float
    """
    if isinstance(optimizer, FlatAdamW):
        optimizer.descend(loss, clip)
        return
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    own = [p for group in optimizer.param_groups for p in group["params"]]
    nn.utils.clip_grad_norm_(own, clip)
    optimizer.step()


@torch.no_grad()
def follow(average, net, optimizer: torch.optim.Optimizer, decay: float, step: int):
    """As :func:`update_average`, in one pass where the optimiser keeps the average.

    Parameters
    ----------
    average, net : nn.Module
    optimizer : torch.optim.Optimizer
    decay : float
    step : int
    """
    if isinstance(optimizer, FlatAdamW) and optimizer.mean is not None:
        vector = optimizer.param_groups[0]["params"][0]
        optimizer.mean.lerp_(vector, average_weight(decay, step))
    else:
        update_average(average, net, decay, step)
