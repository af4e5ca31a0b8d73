"""Small schemas with what real ones have."""

import numpy as np
import pandas as pd

from sklearn_synthohive import Metadata


def shop(seed=0, n_users=300):
    """Users of two segments with 1 and 6 orders, amounts around 0 and 10."""
    rng = np.random.default_rng(seed)
    users = pd.DataFrame(
        {
            "user_id": [f"U-{i:04d}" for i in range(1, n_users + 1)],
            "segment": np.where(np.arange(n_users) % 2 == 0, "one", "six"),
            "age": rng.integers(18, 80, n_users),
        }
    )
    number = np.where(users["segment"] == "one", 1, 6)
    orders = pd.DataFrame({"user_id": np.repeat(users["user_id"], number)})
    orders = orders.reset_index(drop=True)
    level = np.repeat(np.where(users["segment"] == "one", 0.0, 10.0), number)
    orders["amount"] = (level + rng.normal(0, 1, len(orders))).round(2)
    orders.insert(0, "order_id", np.arange(len(orders)) + 1000)
    metadata = (
        Metadata()
        .add_table("users", pk="user_id")
        .add_table("orders", pk="order_id", fk={"user_id": "users.user_id"})
    )
    return metadata, {"users": users, "orders": orders}


def company(seed=0):
    """A self-reference, a circle, one-to-one, a bridge, and a table with only keys."""
    rng = np.random.default_rng(seed)
    n_people, n_teams = 200, 20
    people = pd.DataFrame(
        {
            "person": np.arange(n_people) + 1,
            "boss": np.r_[np.nan, rng.integers(1, 20, n_people - 1)],
            "team": rng.integers(1, n_teams + 1, n_people),
            "role": rng.choice(["dev", "ops"], n_people),
        }
    )
    teams = pd.DataFrame({"team": np.arange(1, n_teams + 1)})
    teams["size"] = rng.normal(10, 2, n_teams).round(1)
    teams["lead"] = rng.choice(people["person"], n_teams, replace=False)
    desks = pd.DataFrame({"person": people["person"].iloc[::2].to_numpy()})
    desks["floor"] = rng.integers(0, 5, len(desks))
    skills = pd.DataFrame({"skill": [f"{c}{c}-0{i}" for i, c in enumerate("ABCDEFGH")]})
    skills["hard"] = [True, False] * 4
    pairs = rng.permutation(n_people * 8)[:500]
    has = pd.DataFrame(
        {
            "person": people["person"].to_numpy()[pairs // 8],
            "skill": skills["skill"].to_numpy()[pairs % 8],
        }
    )
    metadata = (
        Metadata()
        .add_table("has", pk=("person", "skill"), fk=_of("people.person skills.skill"))
        .add_table("desks", pk="person", fk=_of("people.person"))
        .add_table(
            "people",
            pk="person",
            fk={"boss": "people.person", "team": "teams.team"},
        )
        .add_table("skills", pk="skill")
        .add_table("teams", pk="team", fk={"lead": "people.person"})
    )
    tables = {
        "people": people,
        "teams": teams,
        "desks": desks,
        "skills": skills,
        "has": has,
    }
    return metadata, tables


def _of(references):
    return {text.rpartition(".")[2]: text for text in references.split()}


def stations(seed=0):
    """Readings of (station, hour), and alarms that refer to both or to nothing."""
    rng = np.random.default_rng(seed)
    places = pd.DataFrame({"code": ["AAX", "BBY", "CCZ"], "height": [1.0, 20.0, 300.0]})
    hours = np.arange(120)
    readings = pd.DataFrame(
        {
            "code": np.repeat(places["code"].to_numpy(), len(hours)),
            "hour": np.tile(hours, 3),
            "day": np.tile(hours // 24, 3),
        }
    )
    height = np.repeat(places["height"].to_numpy(), len(hours))
    readings["wind"] = (height / 10 + rng.normal(0, 1, len(readings))).round(2)
    readings = readings[rng.random(len(readings)) < 0.9].reset_index(drop=True)
    often = np.where(readings["wind"] > 20, 4, 1)
    number = rng.poisson(often)
    alarms = readings[["code", "hour", "day"]].loc[readings.index.repeat(number)]
    alarms = alarms.reset_index(drop=True)
    # Some alarms come from nowhere, others from a station that is no more.
    alarms["crew"] = rng.choice(["c1", "c2", "gone"], len(alarms), p=[0.6, 0.3, 0.1])
    quiet = rng.random(len(alarms)) < 0.3
    alarms["loud"] = ~quiet
    alarms.loc[quiet & (rng.random(len(alarms)) < 0.8), "crew"] = None
    crews = pd.DataFrame({"crew": ["c1", "c2", "c3"], "size": [4, 9, 2]})
    metadata = (
        Metadata()
        .add_table("places", pk="code")
        .add_table("readings", pk=("code", "hour"))
        .add_table("crews", pk="crew")
        .add_table(
            "alarms",
            fk={
                ("code", "hour"): ("readings.code", "readings.hour"),
                "code": "places.code",
                "crew": "crews.crew",
            },
        )
    )
    tables = {"places": places, "readings": readings, "crews": crews, "alarms": alarms}
    return metadata, tables
