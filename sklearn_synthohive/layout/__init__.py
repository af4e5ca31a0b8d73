"""How column names describe the encoded matrix, and what is compact about it.

The names of an encoded matrix follow a reversible grammar, so that the layout
survives every tool that keeps column names::

    age~value            scalar of a continuous column, relative to its mode
    age~mode0            one-hot: component 0 of the mixture
    age~atom[40]         one-hot: exactly the value 40
    age~missing          one-hot: missing
    city=NY              one-hot: the level "NY"
    tail~code[4044]      an integer code below 4044, for an entity embedding

The characters ``~ = [ ] \\`` of a user's own names are escaped by a backslash.
"""

from sklearn_synthohive.layout._grammar import (
    MAX_CODES,
    Span,
    State,
    escape,
    unescape,
)
from sklearn_synthohive.layout._layout import Layout
from sklearn_synthohive.layout._table import CompactTable, code_dtype

__all__ = [
    "MAX_CODES",
    "CompactTable",
    "Layout",
    "Span",
    "State",
    "code_dtype",
    "escape",
    "unescape",
]
