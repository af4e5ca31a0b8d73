"""What one row alone has is in no pickle and no file, unless the docs say so."""

import pickle

import numpy as np
import pandas as pd
import pytest
from gan_cases import fit, small_gan

from sklearn_synthohive import CTGAN

NAME = "Zaphod Beeblebrox"
# Inside the range, at one of its ends, and alone in a gap between two clusters.
INNER, OUTER, LONELY = 0.123456789012345, 98765.4321012345, 4321.987654321012
WHOLE, DAY = 123_456_789, np.datetime64("1955-11-05", "s")
ROW = 77


def table(n=400):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "inner": rng.normal(size=n),
            "outer": rng.normal(size=n),
            "lonely": np.where(rng.random(n) < 0.5, 0.0, 9000.0) + rng.normal(size=n),
            "whole": rng.integers(0, 10**9, n),
            "day": np.datetime64("1950-01-01", "s")
            + rng.integers(0, 10**9, n).astype("m8[s]"),
            "name": rng.choice(["Ann", "Bob", "Cy"], n).astype(object),
            "label": pd.Series(rng.choice(["x", "y"], n)),
        }
    )
    frame.loc[ROW, ["inner", "outer", "lonely"]] = INNER, OUTER, LONELY
    frame.loc[ROW, "whole"] = WHOLE
    frame.loc[ROW, "day"] = DAY
    frame.loc[ROW, ["name", "label"]] = NAME, NAME
    return frame.astype({"label": "category"})


def forms(value):
    """The bytes that a value may have in a file."""
    if isinstance(value, str):
        return [value.encode(code) for code in ("utf8", "utf-16-le", "utf-32-le")]
    out = [str(value).encode()]
    if isinstance(value, np.datetime64):
        for unit in ("s", "ms", "us", "ns"):
            stamp = value.astype(f"M8[{unit}]")
            out += [str(stamp.astype(np.int64)).encode(), stamp.tobytes()]
        return out
    if isinstance(value, int):
        return [*out, *(np.array(value, t).tobytes() for t in ("<i8", "<i4", ">i8"))]
    return [*out, *(np.array(value, t).tobytes() for t in ("<f8", "<f4", ">f8"))]


def found_in(blob, value):
    return any(form in blob for form in forms(value))


def scalars_of(model, frame):
    """The encoded numbers of the one row, which would tell its values as well."""
    compact = model.transformer_.encode(frame)
    return [float(s) for s in compact.scalars[ROW] if s not in (0.0, 1.0, -1.0)]


def everything(model, folder):
    """Pickle, saved model, checkpoints with the state to resume from: all bytes."""
    model.save(folder / "saved")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len([f for f in files if f.name == "training_state.pt"]) == 2
    return pickle.dumps(model) + b"".join(path.read_bytes() for path in files)


def trained(network, folder, **parameters):
    frame = table()
    model = small_gan(generator=network, epochs=2, **parameters)
    context = frame[["inner", "name"]].add_prefix("parent ")
    options = {"checkpoint_dir": folder / "run", "checkpoint_interval": 1}
    fit(model, frame, context=context, **options)
    return model, frame, everything(model, folder)


def test_the_search_would_find_them(tmp_path):
    """In a frame's own pickle every sentinel is found."""
    blob = pickle.dumps(table().astype({"label": object}))
    for value in (INNER, OUTER, LONELY, WHOLE, DAY, NAME):
        assert found_in(blob, value), value


def test_by_default_levels_and_ends_are_all_that_is_kept(network, tmp_path, caplog):
    model, frame, blob = trained(network, tmp_path)
    for value in (INNER, WHOLE, DAY):
        assert not found_in(blob, value), value
    inner = scalars_of(model, frame)[0]
    assert not found_in(blob, inner)
    # As documented; a level of one row is told of.
    assert found_in(blob, OUTER)
    assert found_in(blob, NAME)
    assert "single_row_levels_kept" in caplog.text
    assert NAME not in caplog.text


@pytest.mark.parametrize("rare_levels", ["merge", "missing"])
def test_with_min_frequency_nothing_of_one_row_is_kept(
    network, tmp_path, caplog, rare_levels
):
    options = {"min_frequency": 5, "rare_levels": rare_levels}
    model, frame, blob = trained(network, tmp_path, **options)
    for value in (INNER, OUTER, LONELY, WHOLE, DAY, NAME):
        assert not found_in(blob, value), value
    ends = model.transformer_.encode(frame).scalars.max(axis=0)
    for scalar in scalars_of(model, frame):
        # A row beyond the range counts as its end, which is a mean.
        assert scalar in ends or not found_in(blob, scalar)
    assert "single_row_levels_kept" not in caplog.text
    loaded = CTGAN.from_saved(tmp_path / "saved")
    assert loaded.min_frequency == 5
    context = frame[["inner", "name"]].add_prefix("parent ")
    sample = loaded.sample(len(frame), context=context, seed=0)
    assert NAME not in set(sample["name"].dropna())
    assert sample["outer"].max() < OUTER
    allowed = {"Ann", "Bob", "Cy", *(["other"] if rare_levels == "merge" else [])}
    assert set(sample["name"].dropna()) <= allowed


def test_what_follows_from_rare_levels_is_not_kept(tmp_path):
    """A table of prices by product tells no price of a product that one row has."""
    rng = np.random.default_rng(0)
    product = rng.integers(0, 8, 600)
    price = rng.uniform(1, 99, 9)[product]
    frame = pd.DataFrame({"product": [f"p{i}" for i in product], "price": price})
    frame.loc[3] = NAME, LONELY
    model = small_gan(generator="autoregressive", min_frequency=3)
    fit(model, frame).save(tmp_path / "m")
    assert "price follows from product" in model.rules_
    blob = pickle.dumps(model)
    blob += b"".join(p.read_bytes() for p in (tmp_path / "m").iterdir())
    assert not found_in(blob, LONELY)
    assert not found_in(blob, NAME)


def test_conditions_ask_for_others_by_their_name(network):
    """A rare level is not known any more, and a typo is not taken for one."""
    frame = table()
    model = fit(small_gan(generator=network, min_frequency=5), frame)
    sample = model.sample(20, seed=0, conditions={"name": "other"})
    assert (sample["name"] == "other").all()
    for unknown in (NAME, "Anne"):
        with pytest.raises(ValueError, match="'name'"):
            model.sample(20, seed=0, conditions={"name": unknown})
