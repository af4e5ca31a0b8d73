"""Plain versions of what relational/ does fast."""

import numpy as np


def deal_slot_by_slot(loads, segment, wanted):
    """Each row takes any slot that is left of its segment, once all are used anew."""
    slots = {}
    for parent, (load, s) in enumerate(zip(loads, segment, strict=True)):
        slots.setdefault(s, []).extend([parent] * load)
    left = {s: list(of) for s, of in slots.items()}
    found = []
    for s in wanted:
        if not left[s]:
            left[s] = list(slots[s])
        found.append(left[s].pop())
    return np.array(found)


def positions_by_loop(rows):
    """Place among the siblings, and the sibling before."""
    seen, position, previous = {}, [], []
    for i, parent in enumerate(rows):
        earlier = seen.setdefault(parent, []) if parent >= 0 else []
        position.append(len(earlier))
        previous.append(earlier[-1] if earlier else -1)
        earlier.append(i)
    return np.array(position), np.array(previous)


def apply_by_recursion(nodes, row, node=0):
    """The segment of one encoded row."""
    if nodes["feature"][node] < 0:
        return nodes["segment"][node]
    goes_left = row[nodes["feature"][node]] <= nodes["threshold"][node]
    return apply_by_recursion(nodes, row, nodes["left" if goes_left else "right"][node])
