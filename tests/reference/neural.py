"""The neural parts as their definitions read: autograd twice, loops over rows."""

import math

import torch


def critic_scores(critic, rows, rng=None):
    """The critic as one ordinary network on whole rows.

    A row is its states, scalars, vectors and what is given, then the one-hot of its
    forced state.
    """
    n_rows, n_forced = len(critic.rows) // critic.pac, critic.nothing
    weights = []
    for slot in range(critic.pac):
        weights += [
            critic.rows[slot * n_rows : (slot + 1) * n_rows],
            critic.forced[slot * n_forced : (slot + 1) * n_forced],
        ]
    groups = [
        torch.cat(list(rows[i : i + critic.pac]))
        for i in range(0, len(rows), critic.pac)
    ]
    x = torch.stack(groups) @ torch.cat(weights) + critic.bias
    for layer in [None, *critic.layers]:
        x = x if layer is None else x @ layer.weight.T + layer.bias
        x = torch.nn.functional.leaky_relu(x, 0.2)
        if rng is not None:
            kept = torch.rand(x.shape, generator=rng) >= critic.dropout
            x = x * kept / (1 - critic.dropout)
    return x @ critic.head.weight.T + critic.head.bias


def residual_outputs(network, rows):
    """The residual generator on whole inputs: every layer sees all that is before it.

    ``rows`` begin with the one-hot of the forced state.
    """
    n_forced, x = network.nothing, rows
    starts = [sum(network.widths[:k]) for k in range(len(network.widths) + 1)]
    for layer, width in enumerate(network.widths):
        own = slice(starts[layer], starts[layer] + width)
        blocks = [network.states[:n_forced, own]]
        for k in range(layer + 1):
            blocks.append(
                network.sources[k][:, own.start - starts[k] : own.stop - starts[k]]
            )
        out = x @ torch.cat(blocks) + network.bias[own]
        if layer < len(network.norms):
            x = torch.cat([x, network.norms[layer](out).clamp(min=0)], dim=1)
    return out


def span_softmax(rows, sizes):
    """Softmax of each span, one at a time."""
    return torch.cat([part.softmax(1) for part in rows.split(sizes, dim=1)], dim=1)


def gradient_penalty(critic, real, fake, rng):
    """WGAN-GP with the gradient from autograd, kept for a second differentiation."""
    groups = len(real) // critic.pac
    mix = torch.rand(groups, 1, generator=rng)
    rows = [
        real[i] + mix[i // critic.pac, 0] * (fake[i] - real[i])
        for i in range(len(real))
    ]
    between = torch.stack(rows).requires_grad_()
    scores = critic_scores(critic, between, rng)
    (gradient,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
    # The forced states come last and are the same in all rows compared.
    gradient = gradient[:, : len(critic.rows) // critic.pac]
    norms = [
        gradient[g * critic.pac : (g + 1) * critic.pac].square().sum().sqrt()
        for g in range(groups)
    ]
    return sum((norm - 1) ** 2 for norm in norms) / groups


def second_moments(rows, scale):
    """Mean of the outer products, one row at a time."""
    total = torch.zeros(rows.shape[1], rows.shape[1])
    for row in rows:
        total += torch.outer(row * scale, row * scale)
    return total / len(rows)


def shares(counts, *, log):
    """The probability of each state of a column."""
    weights = [math.log(1 + c) if log else c for c in counts]
    return [w / sum(weights) for w in weights]


def matching(codes, state):
    """The rows whose code is a state."""
    return [i for i, code in enumerate(codes) if code == state]


def condition_vector(conditions, embeddings, span, state):
    """A condition: the one-hot of its state, then flags of codes and their vectors."""
    spec = conditions.spec
    n_onehot = len(spec.onehot)
    onehot, coded = [], []
    for k, size in enumerate(spec.sizes):
        if len(conditions.counts[k]):
            onehot += [float(span == k and state == s) for s in range(size)]
    coded += [float(span == n_onehot + k) for k in range(len(spec.levels))]
    for k, width in enumerate(spec.embedding_widths):
        level = [0.0] * width
        if span == n_onehot + k:
            row = embeddings.tables[k][state].tolist()
            length = math.sqrt(sum(v * v for v in row))
            level = [v / length for v in row]
        coded += level
    return onehot, coded


def one_hot(state, n_states):
    """The one-hot of a state; zeros for a state beyond them."""
    return [float(state == s) for s in range(n_states)]


def moving_average(first, values, decay):
    """The average after each of the values, warmed up."""
    average = first
    for step, value in enumerate(values):
        weight = min(decay, (step + 1) / (step + 20))
        average = weight * average + (1 - weight) * value
    return average


def conditioned_loss(logits, spans, states):
    """Mean cross-entropy of the forced state of each row; logits per span and row."""
    total = 0.0
    for i, (span, state) in enumerate(zip(spans, states, strict=True)):
        if span >= 0:
            row = logits[span][i].tolist()
            total += math.log(sum(math.exp(v) for v in row)) - row[state]
    return total / len(spans)


def moment_scale(rows, n_states):
    """One for a state; for a scalar the inverse root mean square of its values."""
    scale = [1.0] * n_states
    for column in rows[:, n_states:].T.tolist():
        present = [v for v in column if v != 0]
        scale.append(1 / math.sqrt(sum(v * v for v in present) / len(present)))
    return torch.tensor(scale)
