"""How good each column's law is: the network's against boosted trees', row by row.

    python benchmarks/bench_laws.py --data adult online_shoppers

For every column, its law given the columns before it is judged by the log-likelihood
of held-out rows. The rival is scikit-learn's HistGradientBoostingClassifier, fitted to
that one column from the very columns that the network sees, stopped early and then
fitted to all training rows. Numbers are cut into parts of equal mass, and outcomes of
fewer than ``--least`` training rows are one, for both alike. The mixture of the two is
the mean of their probabilities: where two models of different kinds err in different
ways, it is better than both.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from datasets import SETS, default_data_dir, load
from scipy.special import ndtri
from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_synthohive import CTGAN
from sklearn_synthohive.neural._autoregressive import mixture_parameters
from sklearn_synthohive.neural._draw_columns import hidden_units, see, see_context
from sklearn_synthohive.neural._mass import log_mass
from sklearn_synthohive.neural._state_law import StateLaw

HERE = Path(__file__).resolve().parent
# Levels that the trees take for categories; more are ordered by their codes.
MOST_CATEGORIES = 200
FLOOR = 1e-4
REST, LOST = -1, -2


def encoded(model, frame):
    """States (n, n_columns) and scores (n, n_continuous) of raw rows."""
    fitted = model._fitted
    table = fitted.codec.encode(frame)
    return fitted._start(len(table), None, table)


def outcomes(columns, c, states, scores, n_parts):
    """Outcome of each row in a column: its state, or a mode's part of the scores."""
    own = states[:, c].numpy()
    if not columns.modes[c]:
        return own
    z = scores[:, columns.continuous.index(c)].numpy()
    part = np.digitize(z, ndtri(np.arange(1, n_parts) / n_parts))
    mode = np.isin(own, columns.modes[c])
    return np.where(mode, own * n_parts + part, own * n_parts)


@torch.no_grad()
def network_laws(net, states, scores, n_parts):
    """Per column in the order: probabilities of all its outcomes, (n, n_outcomes)."""
    net.eval()
    edges = torch.as_tensor(ndtri(np.linspace(0, 1, n_parts + 1)))
    sweep = see_context(net, states, scores)
    for j, c in enumerate(net.columns.order):
        x = hidden_units(net, j, sweep)
        p = StateLaw(net, j, x, states).log_probabilities().exp()
        if net.columns.modes[c]:
            full = torch.zeros(len(p), p.shape[1], n_parts, dtype=torch.float64)
            full[:, :, 0] = p
            row = net.numeric.index(j)
            raw = x @ net.mixture_weight[row] + net.mixture_bias[row]
            raw = raw.reshape(len(x), net.most_modes, -1).double()
            for k, state in enumerate(net.columns.modes[c]):
                mixture = [a[:, None] for a in mixture_parameters(raw[:, k])]
                mass = log_mass(edges[:-1], edges[1:], 0.0, *mixture).exp()
                full[:, state] = p[:, state, None] * mass
            p = full.flatten(1)
        yield p.numpy()
        see(net, j, sweep, states, scores)


def seen_columns(columns, before, states, scores):
    """What a column sees, as numbers, and which of them are categories."""
    parts, categories = [], []
    for c in before:
        parts.append(states[:, c].numpy())
        categories.append(not columns.modes[c] and columns.sizes[c] <= MOST_CATEGORIES)
        if columns.modes[c]:
            parts.append(scores[:, columns.continuous.index(c)].numpy())
            categories.append(False)
    return np.column_stack(parts).astype(float), categories


def trees(x, y, categories, seed):
    """Boosted trees whose number a tenth of the rows has chosen, on all rows."""
    options = {
        "learning_rate": 0.08,
        "max_leaf_nodes": 12,
        "l2_regularization": 1.0,
        "categorical_features": np.flatnonzero(categories),
        "random_state": seed,
    }
    first = HistGradientBoostingClassifier(
        max_iter=300, early_stopping=True, n_iter_no_change=8, **options
    ).fit(x, y)
    return HistGradientBoostingClassifier(
        max_iter=first.n_iter_, early_stopping=False, **options
    ).fit(x, y)


def merged(y, own, least):
    """Outcomes with the rare ones as one, REST, or LOST where these are too few."""
    values, counts = np.unique(y, return_counts=True)
    kept = values[counts >= least]
    other = REST if counts[counts < least].sum() >= least else LOST
    return kept, *(np.where(np.isin(v, kept), v, other) for v in (y, own))


def chosen(p, labels, own):
    """Log-probability of each row's outcome; p has a column for each label."""
    p = np.clip(p, FLOOR, None)
    p = p / p.sum(axis=1, keepdims=True)
    return np.log(p[np.arange(len(own)), np.searchsorted(labels, own)])


def judge(name, data, seed, n_parts, least):
    """One line a column: held-out nats of the network, of trees, and of their mean."""
    model = CTGAN(random_state=seed).fit(data.train, progress_bar=False)
    net = model._fitted.network
    spans = model._fitted.codec.layout.spans
    train, held_out = (encoded(model, part) for part in (data.train, data.holdout))
    columns, found = net.columns, []
    for j, p in enumerate(network_laws(net, *held_out, n_parts)):
        c = columns.order[j]
        y, own = (outcomes(columns, c, *rows, n_parts) for rows in (train, held_out))
        kept, y, own = merged(y, own, least)
        if j == 0 or len(np.unique(y[y != LOST])) < 2:
            continue
        labels = np.unique(y[y != LOST])
        net_p = p[:, kept]
        if labels[0] == REST:
            net_p = np.column_stack([1 - net_p.sum(axis=1), net_p])
        known = np.isin(own, labels)
        start = time.process_time()
        x, categories = seen_columns(columns, columns.order[:j], *train)
        other, _ = seen_columns(columns, columns.order[:j], *held_out)
        kind = trees(x[y != LOST], y[y != LOST], categories, seed)
        tree_p = kind.predict_proba(other)
        laws = {"network": net_p, "trees": tree_p, "mean": (net_p + tree_p) / 2}
        line = {
            law: float(chosen(q[known], labels, own[known]).mean())
            for law, q in laws.items()
        }
        margin = np.array([np.mean(y[y != LOST] == label) for label in labels])
        line["margin"] = float(
            np.log(margin[np.searchsorted(labels, own[known])]).mean()
        )
        line |= {"data": name, "seed": seed, "column": spans[c].column}
        line |= {"outcomes": len(labels), "tree_s": time.process_time() - start}
        found.append(line)
        shown = ", ".join(f"{law} {line[law]:.4f}" for law in ("margin", *laws))
        print(f"{name}, {line['column']} ({len(labels)}): {shown}", flush=True)
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["insurance"], choices=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--parts", type=int, default=16, help="of a number's values")
    parser.add_argument("--least", type=int, default=20, help="rows of an outcome")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args(argv)
    found = []
    for name in args.data:
        data = load(name, args.data_dir)
        for seed in args.seeds:
            found += judge(name, data, seed, args.parts, args.least)
    table = pd.DataFrame(found).drop(columns="column")
    total = table.groupby(["data", "seed"], sort=False).sum()
    print("\nSums over the columns, nats a held-out row:")
    print(total[["margin", "network", "trees", "mean", "tree_s"]].round(3).to_string())
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "laws.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
