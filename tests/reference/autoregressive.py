"""The autoregressive network as its definition reads: a row and a column at a time."""

import itertools
import math

import numpy as np
import torch


def silu(x):
    return x / (1 + torch.exp(-x))


def embedding(net, column, state, score):
    """One cell's embedding: its state's, and for a state with a scalar the score's."""
    columns = net.columns
    groups = columns.groups[column]
    entry = state if groups is None else int(groups.group[state])
    vector = net.tables[column][entry].clone()
    if state in columns.modes[column]:
        k = columns.continuous.index(column)
        edges = net.scalars.edges
        features = [score]
        for low, high in itertools.pairwise(edges):
            features.append(min(1.0, max(0.0, (score - low) / (high - low))))
        for f, feature in enumerate(features):
            vector = vector + feature * net.scalars.weight[k, f]
    return vector


def seen_columns(columns, j):
    """Context columns and those that come earlier in the order, or some of them."""
    if columns.seen is not None:
        return list(columns.seen[j])
    return [*range(columns.n_context), *columns.order[:j]]


def hidden_units(net, j, states, scores):
    """The last hidden layer of the j-th generated column."""
    columns, h = net.columns, net.hidden
    rows = 0
    bias = net.first.bias.view(-1)[j * h : (j + 1) * h]
    a = bias.clone()
    for c in seen_columns(columns, j):
        score = 0.0
        if c in columns.continuous:
            score = scores[columns.continuous.index(c)]
        width = columns.widths[c]
        if columns.seen is None:
            start = sum(columns.widths[:c])
            weight = net.first.weight[start : start + width, j * h : (j + 1) * h]
        else:
            weight = net.first.weight[j, rows : rows + width]
            rows += width
        a = a + embedding(net, c, states[c], score) @ weight
    x = silu(a)
    for weight, bias in zip(net.deeper, net.deeper_bias, strict=True):
        x = x + silu(x @ weight[j] + bias[j, 0])
    return x


def softmax(logits):
    largest = max(logits)
    powers = [math.exp(v - largest) for v in logits]
    return [p / sum(powers) for p in powers]


def state_probabilities(net, j, x):
    """Law of the states of the j-th generated column, one state at a time."""
    column = net.columns.order[j]
    groups = net.columns.groups[column]
    heads = net.heads
    n_first = heads.sizes[j]
    weight, bias = heads.of(j)
    first = softmax([float(x @ weight[:, k] + bias[k]) for k in range(n_first)])
    if groups is None:
        return first
    head = net.levels[net.tied.index(j)]
    inside = {}
    for cluster in range(n_first):
        members = [g for g in range(groups.n_groups) if g // groups.width == cluster]
        logits = [
            float(x @ head.query @ net.tables[column][g] + head.bias.flatten()[g])
            for g in members
        ]
        law = softmax(logits)
        inside |= {g: first[cluster] * p for g, p in zip(members, law, strict=True)}
    return [
        inside[int(g)] * math.exp(share)
        for g, share in zip(groups.group, groups.log_share, strict=True)
    ]


def score_density(net, j, x, state, z):
    """Density of a score under the mixture of its mode."""
    row, column = net.numeric.index(j), net.columns.order[j]
    raw = (x @ net.mixture_weight[row] + net.mixture_bias[row, 0]).reshape(
        net.most_modes, 3, -1
    )
    weights, means, logs = raw[net.columns.modes[column].index(state)].tolist()
    total = sum(math.exp(w) for w in weights)
    density = 0.0
    for weight, mean, log in zip(weights, means, logs, strict=True):
        deviation = math.exp(min(2.0, max(-6.0, log))) + 0.003
        standard = (z - mean) / deviation
        density += (
            math.exp(weight)
            / total
            * math.exp(-0.5 * standard**2)
            / (deviation * math.sqrt(2 * math.pi))
        )
    return density


@torch.no_grad()
def log_densities(net, states, scores):
    """Log-density of every generated cell given the cells before it, (n, n_generated).

    Parameters
    ----------
    net : AutoregressiveNet
        In float64.
    states : tensor of shape (n, n_columns)
    scores : tensor of shape (n, n_continuous)
    """
    columns = net.columns
    out = np.zeros((len(states), len(columns.order)))
    for i, (state, score) in enumerate(
        zip(states.tolist(), scores.tolist(), strict=True)
    ):
        for j, c in enumerate(columns.order):
            x = hidden_units(net, j, state, score)
            out[i, j] = math.log(state_probabilities(net, j, x)[state[c]])
            if state[c] in columns.modes[c]:
                z = score[columns.continuous.index(c)]
                out[i, j] += math.log(score_density(net, j, x, state[c], z))
    return out


def prim(information, first=()):
    """Prim's order of a maximum spanning tree, with its edges looked at one by one."""
    m = len(information)
    totals = [sum(row) for row in information]
    order = list(first) or [totals.index(max(totals))]
    while len(order) < m:
        best, chosen = -1.0, None
        for c in range(m):
            for d in order:
                if c not in order and information[d][c] > best:
                    best, chosen = information[d][c], c
        order.append(chosen)
    return order
