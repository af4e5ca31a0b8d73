"""Keys that look like the real ones, minted from a row's place."""

from __future__ import annotations

import math
import re
import uuid
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from sklearn_synthohive.relational._numbers import (
    fitting_steps,
    learn_steps,
    nullable,
    whole_numbers,
    wide_enough,
)

__all__ = ["KeyMinter"]

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
MAX_LOOKED_AT = 20_000
MANY_KEYS = 5
GOLDEN = 0x9E3779B97F4A7C15


class KeyMinter:
    """A one-to-one map from places 0, 1, 2, ... to keys of the real look and dtype.

    Integers count on from the real minimum in the real steps; dates go on in the real
    steps; UUIDs keep their version; texts keep what all real keys have in common
    (``CUST-``), the kind of each further character (digit, upper or lower case letter)
    and, for digits, the leading zeros, and grow wider when the places run out.

    Integers that would not fit the real dtype come in steps of 1, where that helps;
    where it does not, the column is of 64 bits (``int64``, ``Int64`` where the real one
    is nullable), and so are foreign keys that do not hold the keys.

    No real key is kept but the smallest one, from which the counting starts.

    Parameters
    ----------
    kind : {"integer", "date", "uuid", "text"}
    told : dict
        Plain data: what the kind needs.
    """

    def __init__(self, kind: str, told: dict):
        self.kind = kind
        self.told = told

    @classmethod
    def fit(cls, values: pd.Series, seed: int = 0):
        """Learn the look of a key column.

        Parameters
        ----------
        values : Series
            The real keys.
        seed : int
            Of the order in which texts and UUIDs come.

        Returns
        -------
        KeyMinter
        """
        known = values.dropna()
        dtype = known.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            dtype = dtype.categories.dtype
        if types.is_numeric_dtype(dtype):
            known = known.astype(dtype)
            return cls("integer", learn_steps(whole_numbers(known)))
        if types.is_datetime64_any_dtype(known.dtype):
            told = learn_steps(known.astype("int64").to_numpy())
            return cls("date", {**told, "iso": None})
        sample = known.iloc[:MAX_LOOKED_AT].map(str)
        iso = _iso_form(sample)
        if iso is not None:
            stamps = pd.DatetimeIndex(pd.to_datetime(known, utc=True, format="ISO8601"))
            return cls("date", {**learn_steps(stamps.as_unit("ns").asi8), "iso": iso})
        if known.map(lambda v: isinstance(v, uuid.UUID)).all() and len(known):
            return cls("uuid", {"form": "object", "seed": int(seed)})
        form = _uuid_form(sample)
        if form is not None:
            return cls("uuid", {"form": form, "seed": int(seed)})
        if sample.str.fullmatch(r"[1-9][0-9]*|0").all() and len(sample):
            told = learn_steps(whole_numbers(sample))
            return cls("integer", {**told, "text": True})
        return cls("text", {"form": _learn_form(sample.tolist()), "seed": int(seed)})

    def mint(self, places: np.ndarray) -> list | np.ndarray:
        """The keys of places.

        Parameters
        ----------
        places : ndarray of int64
            Equal places have equal keys, different places different ones.

        Returns
        -------
        list or ndarray
            To be put into a column of the real dtype.
        """
        places = np.asarray(places, dtype=np.int64)
        if self.kind == "integer":
            return self._integers(places)
        if self.kind == "date":
            numbers = self.told["start"] + places * self.told["step"]
            if self.told["iso"] is None:
                return numbers
            return _write_dates(numbers, self.told["iso"])
        if self.kind == "uuid":
            return _uuids(places, self.told)
        return _texts(places, self.told)

    def _integers(self, places):
        start, step = self.told["start"], self.told["step"]
        if self.told.get("text"):
            return [str(start + p * step) for p in places.tolist()]
        last = start + step * int(places.max(initial=0))
        if start >= -(2**63) and last < 2**63 and step < 2**63:
            return start + places * step
        numbers = np.empty(len(places), dtype=object)
        numbers[:] = [start + p * step for p in places.tolist()]
        return numbers

    def fitting(self, largest: int, dtype: Any):
        """A minter whose integers fit a dtype, if there is one.

        Parameters
        ----------
        largest : int
            The last place.
        dtype : dtype
            Of the primary key.

        Returns
        -------
        KeyMinter
        """
        if self.kind != "integer" or self.told.get("text"):
            return self
        start, step = fitting_steps(
            self.told["start"], self.told["step"], max(largest, 0), dtype
        )
        return KeyMinter("integer", {**self.told, "start": start, "step": step})

    def column(
        self, places: np.ndarray, dtype: Any, largest: int | None = None
    ) -> pd.Series:
        """The keys of places as a column.

        Parameters
        ----------
        places : ndarray of int64
            Negative ones are missing.
        dtype : dtype
            Of the real column; nullable integers stand in for plain ones where keys
            are missing, wider ones for those that are too narrow.
        largest : int, optional
            The last place of all columns of which this is a part, so that all are of
            one dtype; None for the last one of this.

        Returns
        -------
        Series
        """
        places = np.asarray(places, dtype=np.int64)
        known = places >= 0
        if self.kind == "integer" and not self.told.get("text"):
            last = places.max(initial=0) if largest is None else max(largest, 0)
            steps = self.told["start"], self.told["step"]
            dtype = wide_enough(dtype, *steps, int(last))
            return as_column(self.mint(np.where(known, places, 0)), known, dtype)
        # Writing a key takes longer than finding it again.
        each, where = np.unique(np.where(known, places, 0), return_inverse=True)
        minted = self.mint(each)
        if isinstance(minted, np.ndarray):
            return as_column(minted[where], known, dtype)
        keys = np.empty(len(each), dtype=object)
        keys[:] = minted
        return as_column(keys[where].tolist(), known, dtype)

    def to_state(self) -> dict:
        """Plain data."""
        return {"kind": self.kind, "told": self.told}

    @classmethod
    def from_state(cls, state: dict):
        """Undo :meth:`to_state`."""
        return cls(state["kind"], state["told"])


def as_column(keys, known: np.ndarray, dtype: Any) -> pd.Series:
    """Keys as a column of a dtype, missing where not known.

    Parameters
    ----------
    keys : list or ndarray of shape (n_rows,)
    known : ndarray of bool of shape (n_rows,)
    dtype : dtype

    Returns
    -------
    Series
    """
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if types.is_datetime64_any_dtype(dtype):
        column = pd.Series(_as_dates(np.asarray(keys), dtype))
    elif types.is_integer_dtype(dtype) and not known.all():
        arrow = isinstance(dtype, pd.ArrowDtype)
        column = pd.Series(keys, dtype=dtype if arrow else nullable(dtype))
    elif isinstance(dtype, np.dtype) and dtype.kind == "O":
        column = pd.Series(list(keys), dtype=object)
    else:
        column = pd.Series(keys).astype(dtype)
    return column if known.all() else column.where(known)


def _as_dates(numbers, dtype):
    if isinstance(dtype, np.dtype):
        return numbers.astype(np.int64).view(dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        plain = pd.Series(numbers.astype(np.int64).view(f"M8[{dtype.unit}]"))
        return plain.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
    return pd.Series(numbers.astype(np.int64).view("M8[ns]")).astype(dtype)


def _iso_form(texts):
    """The strftime form of dates in ISO 8601; None for anything else."""
    forms = {
        r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d",
        r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}": "%Y-%m-%d %H:%M:%S",
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}": "%Y-%m-%dT%H:%M:%S",
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z": "%Y-%m-%dT%H:%M:%SZ",
    }
    for pattern, form in forms.items():
        if len(texts) and texts.str.fullmatch(pattern).all():
            return form
    return None


def _write_dates(numbers, form):
    distinct, place = np.unique(numbers, return_inverse=True)
    texts = pd.DatetimeIndex(distinct.view("M8[ns]")).strftime(form)
    return texts.to_numpy(dtype=object)[place]


def _uuid_form(texts):
    for form, pattern in {
        "dashes": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "upper": r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}",
        "hex": r"[0-9a-f]{32}",
    }.items():
        if len(texts) and texts.str.fullmatch(pattern).all():
            return form
    return None


def _uuids(places, told):
    high, low = (_scramble(places, told["seed"] + k) for k in (1, 2))
    # The low half stays a permutation of the places, so that no two are equal.
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = _scramble_62(places, told["seed"]) | np.uint64(0x8000000000000000)
    write: Any = {
        "object": lambda u: u,
        "dashes": str,
        "upper": lambda u: str(u).upper(),
        "hex": lambda u: u.hex,
    }[told["form"]]
    pairs = zip(high.tolist(), low.tolist(), strict=True)
    return [write(uuid.UUID(int=(a << 64) | b)) for a, b in pairs]


def _scramble(places, seed):
    """A bijection of 64-bit numbers (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        x = places.astype(np.uint64) + np.uint64((seed * GOLDEN) % 2**64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _scramble_62(places, seed):
    """A bijection of 62-bit numbers: an odd multiplier, and an offset."""
    mask = np.uint64(2**62 - 1)
    with np.errstate(over="ignore"):
        x = places.astype(np.uint64) * np.uint64(GOLDEN | 1)
        return (x + np.uint64((seed * 0x2545F4914F6CDD1D) % 2**62)) & mask


def _learn_form(texts):
    """The characters that each place of the texts may hold.

    Runs of a common prefix and suffix are kept; between them each place is a set of
    characters, from the right where the lengths differ.
    """
    if not texts:
        return {"prefix": "K", "suffix": "", "places": [DIGITS] * 6, "grow": DIGITS}
    prefix = _common(texts)
    # Trailing digits of what is common are chance: K10, K11 have K in common.
    prefix = re.sub(r"[0-9]+$", "", prefix) if len(set(texts)) > 1 else ""
    rest = [t[len(prefix) :] for t in texts]
    suffix = _common([t[::-1] for t in rest])[::-1]
    suffix = re.sub(r"^[0-9A-Za-z]+", "", suffix) if len(set(texts)) > 1 else ""
    rest = [t[: len(t) - len(suffix)] if suffix else t for t in rest]
    lengths = np.bincount([len(t) for t in rest])
    width = int(np.argmax(lengths)) or 1
    usual = [t for t in rest if len(t) == width] or ["0"]
    # What is the same in each of some keys is no chance.
    fixed = len(usual) >= MANY_KEYS
    places = [_alphabet({t[i] for t in usual}, fixed) for i in range(width)]
    if all(set(p) <= set(DIGITS) for p in places):
        places = [DIGITS] * width
        start = min(int(t) for t in usual)
        padded = any(t[0] == "0" for t in usual) or len(set(map(len, rest))) == 1
        return {
            "prefix": prefix,
            "suffix": suffix,
            "digits": width if padded else 1,
            "start": start,
        }
    return {"prefix": prefix, "suffix": suffix, "places": places, "grow": places[-1]}


def _common(texts):
    low, high = min(texts), max(texts)
    for i, (a, b) in enumerate(zip(low, high, strict=False)):
        if a != b:
            return low[:i]
    return low[: min(len(low), len(high))]


def _alphabet(characters, fixed):
    if len(characters) == 1 and (fixed or not next(iter(characters)).isalnum()):
        return next(iter(characters))
    out = ""
    for kind in (DIGITS, UPPER, LOWER):
        if characters & set(kind):
            out += kind
    rest = sorted(characters - set(DIGITS + UPPER + LOWER))
    return out or "".join(rest)


def _texts(places, told):
    form = told["form"]
    prefix, suffix = form["prefix"], form["suffix"]
    if "digits" in form:
        width = form["digits"]
        numbers = (form["start"] + p for p in places.tolist())
        return [f"{prefix}{n:0{width}d}{suffix}" for n in numbers]
    alphabets = form["places"]
    radix = [len(a) for a in alphabets]
    capacity = min(math.prod(radix), 2**62)
    lap, at = np.divmod(places, capacity)
    # Scattered over the capacity: neighbours in place are no neighbours in look.
    stride = _coprime(int(capacity * 0.6180339887498949), capacity)
    offset = (told["seed"] * 7919) % capacity
    at = [(int(p) * stride + offset) % capacity for p in at]
    out = []
    for number, laps in zip(at, lap.tolist(), strict=True):
        characters = []
        for alphabet, base in zip(reversed(alphabets), reversed(radix), strict=True):
            number, digit = divmod(number, base)
            characters.append(alphabet[digit])
        # A lap more is a character more, so that no key comes twice.
        extra = _in_base(laps, form["grow"])
        out.append(prefix + "".join(reversed(characters)) + extra + suffix)
    return out


def _in_base(number, alphabet):
    """Bijective numeration: 0 is empty, 1 the first letter, and so on."""
    out = ""
    while number > 0:
        number, digit = divmod(number - 1, len(alphabet))
        out = alphabet[digit] + out
        if len(alphabet) == 1:
            return alphabet * (number + 1)
    return out


def _coprime(guess, modulus):
    guess = max(guess, 1)
    while np.gcd(guess, modulus) != 1:
        guess += 1
    return guess
