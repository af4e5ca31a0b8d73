"""Rows from a trained generator, in chunks with seeds of their own."""

from __future__ import annotations

import numpy as np
import torch

from sklearn_synthohive.layout import CompactTable, Layout, code_dtype
from sklearn_synthohive.neural._activations import draw_codes
from sklearn_synthohive.neural._conditions import Conditions, Forced
from sklearn_synthohive.neural._generator import TabularGenerator
from sklearn_synthohive.neural._layers import Given
from sklearn_synthohive.neural._row import DeviceTable

__all__ = ["draw_rows"]


@torch.no_grad()
def draw_rows(
    net: TabularGenerator,
    conditions: Conditions,
    layout: Layout,
    n: int,
    seed: int,
    *,
    context: DeviceTable | None = None,
    forced: np.ndarray | None = None,
    clamp: bool = True,
    forced_share: float = 1.0,
    state_noise: float = 1.0,
) -> CompactTable:
    """Draw rows from one seed.

    Parameters
    ----------
    net : TabularGenerator
        In evaluation mode.
    conditions : Conditions
    layout : Layout
    n : int
    seed : int
    context : DeviceTable of n rows, optional
    forced : ndarray of shape (n, 2), int64, optional
        Position of the forced column (-1: none) and its state, for each row; drawn by
        their true frequency when not given.
    clamp : bool
        Whether forced states are put in place.
    forced_share : float
        Share of the rows in which a state is forced when ``forced`` is not given.
    state_noise : float
        As in training.

    Returns
    -------
    CompactTable
    """
    device = net.bounds.device
    rng = torch.Generator(device).manual_seed(seed)
    if forced is None:
        force = conditions.draw(n, rng, log_frequency=False, share=forced_share)
    else:
        columns = torch.as_tensor(forced, device=device)
        force = Forced(columns[:, 0], columns[:, 1])
    parts = [conditions.coded(force, net.embeddings)]
    if context is not None:
        rows = torch.arange(n, device=device)
        parts.append(context.dense(rows))
        parts.append(net.context_embeddings(context.codes(rows)))
    given = Given(conditions.states(force), torch.cat(parts, dim=1))
    raw = net(given, rng)
    states, levels, scalars = draw_codes(net, raw, rng, state_noise)
    codes = torch.cat([states, levels], dim=1)
    if clamp:
        here = force.span >= 0
        column = force.span.clamp(min=0)[:, None]
        if codes.shape[1]:
            kept = torch.where(here, force.state, codes.gather(1, column)[:, 0])
            codes.scatter_(1, column, kept[:, None])
    return _compact(net, layout, codes.cpu().numpy(), scalars.cpu().numpy())


def _compact(net, layout: Layout, codes: np.ndarray, scalars: np.ndarray):
    """Columns in the layout's order; scalars only where the state has one."""
    spec = net.spec
    largest = max((s.n_states for s in layout.spans), default=1)
    out = np.empty(codes.shape, dtype=code_dtype(largest))
    out[:, [*spec.onehot, *spec.coded]] = codes
    values = np.array(scalars, dtype=np.float32)
    for column, k in enumerate(spec.continuous):
        has_value = layout.spans[spec.onehot[k]].has_value
        values[~has_value[codes[:, k]], column] = 0.0
    return CompactTable(out, values)
