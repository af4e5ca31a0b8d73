"""A small table of every kind of span, on the device."""

from types import SimpleNamespace

import numpy as np
import torch

from sklearn_synthohive.layout import CompactTable, Layout
from sklearn_synthohive.neural import (
    AdversarialData,
    AutoregressiveNet,
    Columns,
    ConditionalGAN,
    Conditions,
    DeviceTable,
    Recipe,
    RowSpec,
)

# The kinds stand in no order, so that a mix-up of positions shows.
NAMES = [
    "tail~code[60]",
    "size~value",
    "size~mode0",
    "size~mode1",
    "size~atom[0]",
    "size~missing",
    "city=a",
    "city=b",
    "city=c",
    "port~code[300]",
    "flag=x",
    "flag=y",
    "height~value",
    "height~mode0",
]


def compact(layout, n, seed):
    """Random rows, with skewed states."""
    rng = np.random.default_rng(seed)
    codes, scalars = [], []
    for span in layout.spans:
        weights = 1 / np.arange(1, span.n_states + 1)
        state = rng.choice(span.n_states, n, p=weights / weights.sum())
        codes.append(state)
        if span.kind == "continuous":
            scalars.append(np.where(span.has_value[state], rng.normal(0, 0.4, n), 0))
    table = np.stack(codes, axis=1).astype(np.int16)
    values = np.array(scalars, dtype=np.float32).reshape(len(scalars), n).T
    return CompactTable(table, np.ascontiguousarray(values))


def on_device(names, n=400, seed=0):
    """Layout, compact table, spec, device table and conditions of some names."""
    layout = Layout.from_names(names)
    table = compact(layout, n, seed)
    reach = np.abs(table.scalars).max(axis=0, initial=1.0)
    spec = RowSpec.of(layout, tuple(float(r) for r in reach))
    device_table = DeviceTable(table, spec)
    discrete = [layout.spans[i].kind == "discrete" for i in spec.onehot]
    conditions = Conditions.of(device_table, discrete)
    return SimpleNamespace(
        layout=layout,
        table=table,
        spec=spec,
        device=device_table,
        conditions=conditions,
    )


def network_arguments(own, context=None, pac=2):
    """The arguments of a small ConditionalGAN, but for the seed."""
    return {
        "spec": own.spec,
        "context_spec": None if context is None else context.spec,
        "n_states": own.conditions.n_states,
        "n_coded": own.conditions.n_coded,
        "noise_width": 4,
        "generator_dim": (8,),
        "discriminator_dim": (8, 6),
        "pac": pac,
        "normalize": True,
    }


def small_recipe(**changes):
    """A recipe of two steps of 20 rows."""
    recipe = {
        "batch_size": 20,
        "steps": 2,
        "critic_steps": 1,
        "moment_weight": 1.0,
        "average_decay": 0.9,
    }
    return Recipe(**(recipe | changes))


def training_data(own, recipe, context=None, seed=5):
    """The training rows, with their moments."""
    device_context = None if context is None else context.device
    rng = torch.Generator().manual_seed(seed)
    data = AdversarialData(own.device, device_context, own.conditions, rng)
    data.measure_moments(torch.Generator().manual_seed(seed + 1), recipe)
    return data


def small_networks(own, context=None, seed=3, **changes):
    """Generator and critic."""
    return ConditionalGAN(**(network_arguments(own, context) | changes), seed=seed)


def small_net(names=NAMES, context=None, order=None, hidden=(5, 5), spread=0.3):
    """A network whose weights are all far from zero."""
    layout = Layout.from_names(names)
    given = None if context is None else Layout.from_names(context)
    order = range(len(layout.spans)) if order is None else order
    net = AutoregressiveNet(Columns.of(layout, given, order), hidden, seed=0)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(spread * torch.randn(weight.shape, generator=rng))
    return net
