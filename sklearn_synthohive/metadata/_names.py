"""What the names of columns and tables say about each other."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache

__all__ = ["core", "is_id_like", "likeness", "role", "tokens"]

ID_WORDS = frozenset(
    [
        "id",
        "ids",
        "key",
        "code",
        "no",
        "nr",
        "num",
        "number",
        "pk",
        "fk",
        "ref",
        "uuid",
        "guid",
        "sk",
        "nk",
    ]
)
# Columns that describe a row although no other row may share their value.
TEXT_WORDS = frozenset(
    [
        "name",
        "title",
        "email",
        "mail",
        "phone",
        "fax",
        "address",
        "street",
        "description",
        "comment",
        "note",
        "text",
        "url",
        "path",
        "password",
        "username",
        "login",
        "lastname",
        "firstname",
        "surname",
    ]
)
# Roles that people play for rows of other tables, and tables that hold people.
PERSON_ROLES = frozenset(
    [
        "rep",
        "representative",
        "manager",
        "supervisor",
        "boss",
        "agent",
        "seller",
        "salesperson",
        "owner",
        "author",
        "creator",
        "assignee",
        "approver",
        "editor",
        "reviewer",
        "responsible",
        "handler",
        "doctor",
        "teacher",
        "driver",
        "head",
        "lead",
        "chief",
    ]
)
PEOPLE = frozenset(
    [
        "employee",
        "staff",
        "worker",
        "user",
        "person",
        "people",
        "member",
        "agent",
        "personnel",
    ]
)
# Columns that lead to another row of the same table.
OWN_ROLES = (
    ("report", "to"),
    ("reply", "to"),
    ("in", "reply", "to"),
    ("referred", "by"),
    ("parent",),
    ("previous",),
    ("prev",),
    ("next",),
    ("predecessor",),
    ("successor",),
    ("mentor",),
)


@lru_cache(maxsize=4096)
def tokens(name: Hashable) -> tuple[str, ...]:
    """The words of a name, in lower case and in the singular.

    Examples
    --------
    >>> tokens("SupportRepId"), tokens("film_categories"), tokens("HTTPStatus2")
    (('support', 'rep', 'id'), ('film', 'category'), ('http', 'status', '2'))
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", str(name))
    return tuple(_singular(word.lower()) for word in words)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def core(name: Hashable) -> tuple[str, ...]:
    """The words of a name that do not merely say that it is a key."""
    words = tokens(name)
    # "userid", "orderno": one word that ends like a key.
    if len(words) == 1 and len(words[0]) > 4:
        for ending in ("id", "uuid"):
            if words[0].endswith(ending):
                return (words[0].removesuffix(ending),)
    return tuple(word for word in words if word not in ID_WORDS)


def is_id_like(name: Hashable) -> bool:
    """Whether a name says that it is a key."""
    return len(core(name)) < len(tokens(name)) or core(name) != tokens(name)


def likeness(
    column: Hashable, table: str, key: Hashable, own: str
) -> tuple[float, str]:
    """How strongly a column's name says that it refers to the key of a table.

    Parameters
    ----------
    column : hashable
        Of the table ``own``.
    table : str
    key : hashable
        The primary key of ``table``.
    own : str

    Returns
    -------
    strength : float
        1 for the key's or the table's own name, less for names that hold it, 0 for
        none.
    reason : str
    """
    words, target = tokens(column), core(table)
    # "film_actor.actor_id" is named after the actor, "public.users" is the users.
    names = [target, target[-1:]] if len(target) > 1 and "." in table else [target]
    if core(key) and words == tokens(key):
        return 1.0, f"it has the name of the key {table}.{key}"
    mine = core(column)
    if mine and mine in names and (table != own or is_id_like(column)):
        return 1.0, f"it is named after {table}"
    for held in (*([tokens(key)] if core(key) else []), *filter(None, names)):
        if len(words) > len(held) and (
            words[-len(held) :] == held or mine[-len(held) :] == held
        ):
            return 0.8, f"its name ends like {table}.{key}"
    return 0.0, ""


def role(column: Hashable, own: str, people: list[str]) -> tuple[str, str] | None:
    """The table that a column's role points to, and why; None where it has none."""
    words = tuple(w for w in tokens(column) if w not in ID_WORDS)
    if words in OWN_ROLES or (words[:1] == ("parent",) and words[1:] == core(own)):
        return own, f"{' '.join(words)!r} is said of rows of one table"
    if words and words[-1] in PERSON_ROLES and people:
        if own in people:
            return own, f"{words[-1]!r} is said of people, and {own} holds them"
        if len(people) == 1:
            return people[0], f"{words[-1]!r} is said of people, and {people[0]} does"
    return None
