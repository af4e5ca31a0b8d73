"""The grammar of the encoded matrix and its compact form."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_synthohive.exceptions import SchemaError
from sklearn_synthohive.layout import (
    MAX_CODES,
    CompactTable,
    Layout,
    Span,
    State,
    code_dtype,
    escape,
    unescape,
)

# Characters of the grammar come up far more often than by chance.
letters = st.sampled_from(list("ab~=[]\\\n0é ")) | st.characters(codec="utf-8")
names = st.text(letters, max_size=8)


@st.composite
def spans(draw, column, start):
    kind = draw(st.sampled_from(["continuous", "discrete", "code"]))
    if kind == "code":
        n_states = draw(st.integers(1, MAX_CODES))
        return Span(column, kind, start, start + 1, (), n_states)
    n_modes = draw(st.integers(1, 12)) if kind == "continuous" else 0
    texts = draw(st.lists(names, unique=True, max_size=4))
    label = draw(st.sampled_from(["atom", "level"]))
    states = [State("mode", str(i)) for i in range(n_modes)]
    states += [State(label, text) for text in texts]
    if draw(st.booleans()) or not states:
        states.append(State("missing"))
    stop = start + len(states) + (kind == "continuous")
    return Span(column, kind, start, stop, tuple(states), len(states))


@st.composite
def layouts(draw):
    columns = draw(st.lists(names, unique=True, min_size=1, max_size=5))
    out, start = [], 0
    for column in columns:
        out.append(draw(spans(column, start)))
        start = out[-1].stop
    return Layout(tuple(out))


@st.composite
def tables(draw, layout):
    n_rows = draw(st.integers(0, 6))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    dtype = code_dtype(max(s.n_states for s in layout.spans))
    codes = np.stack(
        [rng.integers(0, s.n_states, n_rows) for s in layout.spans], axis=1
    )
    scalars = np.zeros((n_rows, len(layout.continuous)), dtype=np.float32)
    for k, i in enumerate(layout.continuous):
        has_value = layout.spans[i].has_value[codes[:, i]]
        scalars[:, k] = np.where(has_value, rng.normal(size=n_rows), 0)
    return CompactTable(codes.astype(dtype), scalars)


@given(names)
def test_escaping_is_undone(text):
    assert unescape(escape(text)) == text


@given(layouts())
@settings(max_examples=200, deadline=None)
def test_names_round_trip(layout):
    assert Layout.from_names(layout.names) == layout
    assert len(layout.names) == layout.width == len(set(layout.names))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_compact_form_round_trips(data):
    layout = data.draw(layouts())
    table = data.draw(tables(layout))
    matrix = layout.expand(table)
    assert matrix.dtype == np.float32
    back = layout.compress(matrix)
    np.testing.assert_array_equal(back.codes, table.codes)
    np.testing.assert_array_equal(back.scalars, table.scalars)
    assert back.codes.dtype == table.codes.dtype
    layout.check(matrix)
    frame = pd.DataFrame(matrix, columns=layout.names)
    assert Layout.of(frame) == layout


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_soft_blocks_are_read_by_their_largest_entry(data):
    layout = data.draw(layouts())
    table = data.draw(tables(layout))
    soft = layout.expand(table)
    for span in layout.spans:
        if span.kind != "code":
            block = slice(span.first_state, span.stop)
            soft[:, block] = 0.4 * soft[:, block] + 0.1
    np.testing.assert_array_equal(layout.compress(soft).codes, table.codes)


def test_take_selects_rows():
    layout = Layout.from_names(
        ["age~value", "age~mode0", "age~mode1", "sex=F", "sex=M"]
    )
    table = CompactTable(
        np.array([[0, 1], [1, 0]], np.uint8), np.array([[0.5], [1.5]], np.float32)
    )
    taken = table.take(np.array([1, 1]))
    assert len(taken) == 2
    assert layout.expand(taken).tolist() == [[1.5, 0, 1, 1, 0]] * 2


def test_spans_are_found_by_name():
    layout = Layout.from_names(["a=x", "a=y", "b~code[7]"])
    assert layout.span_of("b").n_states == 7
    with pytest.raises(SchemaError, match="No column 'c'"):
        layout.span_of("c")


def test_prefixes_become_part_of_the_column():
    layout = Layout.from_names(["num__age~value", "num__age~mode0"])
    assert [span.column for span in layout.spans] == ["num__age"]


@pytest.mark.parametrize(
    ("n_states", "dtype"),
    [
        (1, "uint8"),
        (256, "uint8"),
        (257, "int16"),
        (2**15, "int16"),
        (2**15 + 1, "int32"),
    ],
)
def test_codes_take_the_smallest_type(n_states, dtype):
    assert code_dtype(n_states) == dtype
    assert np.array([n_states - 1]).astype(code_dtype(n_states))[0] == n_states - 1


@pytest.mark.parametrize(
    "names",
    [
        ["age~mode0"],  # no scalar
        ["age~value"],  # no mode
        ["age~value", "age~mode1", "age~mode0"],  # moved
        ["age~value", "age~mode0", "age~mode2"],  # dropped
        ["age~value", "age~mode0", "age~mode0"],  # repeated
        ["age~value", "age~mode0", "age~value"],
        ["age~mode0", "age~value"],
        ["city=NY", "city=NY"],
        ["city=NY", "x=1", "city=LA"],  # apart
        ["tail~code[3]", "tail~code[3]"],
        ["tail~code[3]", "tail=x"],
        ["tail=x", "tail~code[3]"],
        ["tail~code[0]"],
        [f"tail~code[{MAX_CODES + 1}]"],
        ["age~wrong"],
        ["age"],
    ],
)
def test_names_that_are_no_layout(names):
    with pytest.raises(SchemaError):
        Layout.from_names(names)


@pytest.mark.parametrize(
    "frame",
    [
        np.ones((2, 2)),
        pd.DataFrame({"age": [1.0]}),
        pd.DataFrame({"age~value": [1.0], "raw": [1.0]}),
        pd.DataFrame({0: [1.0]}),
        pd.DataFrame(index=[0, 1]),
        None,
    ],
)
def test_raw_tables_have_no_layout(frame):
    assert Layout.of(frame) is None


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("age~value", np.nan, "'age' hold NaN"),
        ("age~mode0", 0.4, "'age' do not sum to one"),
        ("sex=F", np.inf, "'sex' hold NaN or infinity"),
        ("tail~code[3]", 3.0, r"'tail' must be integers in \[0, 3\)"),
        ("tail~code[3]", 0.5, "'tail' must be integers"),
        ("tail~code[3]", -1.0, "'tail' must be integers"),
        ("sex=F", "text", "not numbers"),
    ],
)
def test_values_that_do_not_fit(column, value, message):
    names = ["age~value", "age~mode0", "age~missing", "sex=F", "sex=M", "tail~code[3]"]
    frame = pd.DataFrame([[0.2, 1, 0, 0, 1, 2]] * 2, columns=names, dtype=float)
    assert Layout.of(frame) is not None
    frame[column] = frame[column].astype(object)
    frame.loc[1, column] = value
    with pytest.raises(SchemaError, match=message):
        Layout.of(frame)


def test_negative_shares_are_no_one_hot():
    layout = Layout.from_names(["a=x", "a=y"])
    with pytest.raises(SchemaError, match="sum to one"):
        layout.check(np.array([[1.5, -0.5]]))


@pytest.mark.parametrize("shape", [(2, 3), (2,), (2, 1, 2)])
def test_wrong_widths(shape):
    with pytest.raises(SchemaError, match="Expected a matrix of 2 encoded columns"):
        Layout.from_names(["a=x", "a=y"]).check(np.zeros(shape))


def test_codes_out_of_range_are_clipped():
    layout = Layout.from_names(["a~code[3]"])
    assert layout.compress(np.array([[-2.0], [1.4], [9.0]])).codes.tolist() == [
        [0],
        [1],
        [2],
    ]


def test_whole_numbers_under_names_of_the_grammar_are_no_guess():
    """A raw table of flags named "city=Rome" is not taken for an encoded one."""
    flags = pd.DataFrame({"city=Rome": [1, 1], "old=yes": [1, 1]})
    with pytest.raises(SchemaError, match=r"'city=Rome'.*not floats"):
        Layout.of(flags)
    assert Layout.of(flags.astype("float32")) is not None
