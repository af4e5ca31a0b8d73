"""Dense rows and the order of their blocks."""

import numpy as np
import pytest
import torch
from neural_cases import NAMES, on_device

from sklearn_synthohive.neural import RowSpec
from sklearn_synthohive.neural._row import embedding_width


def blocks(matrix, layout):
    """The expanded matrix in the order of a dense row: states, then scalars."""
    states = [
        matrix[:, s.first_state : s.stop] for s in layout.spans if s.kind != "code"
    ]
    scalars = [
        matrix[:, s.start : s.start + 1] for s in layout.spans if s.kind == "continuous"
    ]
    return np.concatenate([*states, *scalars], axis=1)


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        ["a~value", "a~mode0", "b~value", "b~mode0", "b~missing"],
        ["a=x", "a=y", "b=z"],
    ],
    ids=["mixed", "continuous", "discrete"],
)
def test_dense_rows_are_the_expanded_matrix(names):
    case = on_device(names)
    dense = case.device.dense(torch.arange(len(case.table)))
    expected = blocks(case.layout.expand(case.table), case.layout)
    np.testing.assert_array_equal(dense.numpy(), expected)


def test_rows_are_gathered_in_the_order_asked_for(own):
    rows = torch.tensor([5, 0, 5])
    everything = own.device.dense(torch.arange(len(own.table)))
    assert torch.equal(own.device.dense(rows), everything[rows])
    coded = own.table.codes[[5, 0, 5]][:, list(own.spec.coded)]
    assert own.device.codes(rows).tolist() == coded.tolist()


def test_only_codes_make_an_empty_dense_row():
    case = on_device(["id~code[60]"])
    assert case.device.dense(torch.arange(3)).shape == (3, 0)
    assert case.device.codes(torch.arange(3)).shape == (3, 1)


def test_spec_tells_the_order_of_the_row(own):
    spec = own.spec
    assert [own.layout.spans[i].column for i in spec.onehot] == [
        "size",
        "city",
        "flag",
        "height",
    ]
    assert spec.sizes == (4, 3, 2, 1)
    assert spec.offsets == [0, 4, 7, 9]
    assert spec.levels == (60, 300)
    assert spec.continuous == (0, 3)
    assert spec.width == 10 + 2 + embedding_width(60) + embedding_width(300)


def test_only_modes_go_with_a_scalar(own):
    goes_with = np.zeros((10, 2))
    goes_with[:2, 0] = 1
    goes_with[9, 1] = 1
    np.testing.assert_array_equal(own.spec.has_value, goes_with)


def test_specs_compare_by_their_shape(own):
    assert RowSpec.of(own.layout, own.spec.bounds) == own.spec
    assert RowSpec.of(own.layout, (9.0, 9.0)) != own.spec


def test_embeddings_widen_with_their_levels():
    widths = [embedding_width(n) for n in (2, 51, 300, 5_000, 300_000)]
    assert widths == sorted(widths)
    assert widths[0] == 4
    assert widths[-1] == 32
