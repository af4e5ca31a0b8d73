"""Schemas made up to try the detection on: names, dirt and traps of many kinds."""

import uuid

import numpy as np
import pandas as pd

from sklearn_synthohive.metadata import Metadata


def shop(rng):
    """Keys called id, prefixed references, a line number, dirt, a category tree."""
    n = 400
    users = pd.DataFrame(
        {
            "id": np.arange(1, 121),
            "name": [f"Ann {i}" for i in range(120)],
            "age": rng.integers(18, 80, 120),
            "country": rng.choice(["DEU", "PER", "NOR"], 120),
        }
    )
    profiles = pd.DataFrame(
        {"user_id": users["id"][:90], "bio": [f"I like {i}" for i in range(90)]}
    )
    countries = pd.DataFrame(
        {"code": ["DEU", "PER", "NOR", "FRA"], "area": [357, 1285, 385, 643]}
    )
    categories = pd.DataFrame({"id": np.arange(1, 13), "label": list("abcdefghijkl")})
    categories["parent_id"] = [np.nan, np.nan, *rng.integers(1, 3, 10)]
    products = pd.DataFrame(
        {
            "id": np.arange(1, 61),
            "category_id": rng.integers(1, 13, 60),
            "price": rng.gamma(2, 10, 60).round(2),
            "stock": rng.integers(0, 50, 60),
        }
    )
    orders = pd.DataFrame(
        {
            "id": np.arange(1000, 1000 + n),
            "user_id": rng.integers(1, 121, n).astype(float),
            "billing_user_id": rng.integers(1, 121, n),
            "quantity": rng.integers(1, 10, n),
            "placed_at": pd.date_range("2024", periods=n, freq="h"),
        }
    )
    orders.loc[rng.random(n) < 0.1, "user_id"] = np.nan
    orders.loc[rng.random(n) < 0.1, "user_id"] = 999
    sizes = rng.integers(1, 5, n)
    lines = pd.DataFrame(
        {
            "order_id": np.repeat(orders["id"], sizes),
            "line": np.concatenate([np.arange(1, s + 1) for s in sizes]),
        }
    ).reset_index(drop=True)
    lines["product_id"] = rng.integers(1, 61, len(lines))
    lines["amount"] = rng.integers(1, 5, len(lines))
    tables = {
        "users": users,
        "user_profiles": profiles,
        "countries": countries,
        "categories": categories,
        "products": products,
        "orders": orders,
        "order_lines": lines,
    }
    truth = (
        Metadata()
        .add_table("users", pk="id", fk={"country": "countries.code"})
        .add_table("user_profiles", pk="user_id", fk={"user_id": "users.id"})
        .add_table("countries", pk="code")
        .add_table("categories", pk="id", fk={"parent_id": "categories.id"})
        .add_table("products", pk="id", fk={"category_id": "categories.id"})
        .add_table(
            "orders",
            pk="id",
            fk={"user_id": "users.id", "billing_user_id": "users.id"},
        )
        .add_table(
            "order_lines",
            pk=("order_id", "line"),
            fk={"order_id": "orders.id", "product_id": "products.id"},
        )
    )
    return tables, truth


def clinic(rng):
    """Random identifiers, people in roles, a bridge with attributes, traps."""

    def ids(n):
        return [
            str(uuid.UUID(int=int(i), version=4)) for i in rng.integers(2**62, size=n)
        ]

    staff = pd.DataFrame(
        {
            "StaffNo": [f"S{i:04d}" for i in range(40)],
            "Surname": [f"Doe{i}" for i in range(40)],
            "Ward": rng.integers(1, 9, 40),
        }
    )
    staff["Supervisor"] = [None, *(f"S{i:04d}" for i in rng.integers(0, 5, 39))]
    patients = pd.DataFrame(
        {
            "PatientKey": ids(150),
            "Born": pd.to_datetime("1950-01-01")
            + pd.to_timedelta(rng.integers(0, 20_000, 150), unit="D"),
            "Weight": np.arange(150) + 30,
        }
    )
    drugs = pd.DataFrame(
        {"Atc": [f"A{i:02d}BX" for i in range(30)], "Dose": rng.random(30)}
    )
    visits = pd.DataFrame(
        {
            "VisitKey": ids(500),
            "PatientKey": rng.choice(patients["PatientKey"], 500),
            "ResponsibleDoctor": rng.choice(staff["StaffNo"][:20], 500),
            "Score": rng.integers(1, 30, 500),
        }
    )
    pairs = pd.DataFrame(
        {
            "VisitKey": rng.choice(visits["VisitKey"], 3000),
            "Atc": rng.choice(drugs["Atc"], 3000),
        }
    ).drop_duplicates(ignore_index=True)
    pairs["Days"] = rng.integers(1, 14, len(pairs))
    tables = {
        "Staff": staff,
        "Patient": patients,
        "Drug": drugs,
        "Visit": visits,
        "Prescription": pairs,
    }
    truth = (
        Metadata()
        .add_table("Staff", pk="StaffNo", fk={"Supervisor": "Staff.StaffNo"})
        .add_table("Patient", pk="PatientKey")
        .add_table("Drug", pk="Atc")
        .add_table(
            "Visit",
            pk="VisitKey",
            fk={
                "PatientKey": "Patient.PatientKey",
                "ResponsibleDoctor": "Staff.StaffNo",
            },
        )
        .add_table(
            "Prescription",
            pk=("VisitKey", "Atc"),
            fk={"VisitKey": "Visit.VisitKey", "Atc": "Drug.Atc"},
        )
    )
    return tables, truth


def sensors(rng):
    """A composite key that is looked up, a log without any key, keys of dates."""
    stations = pd.DataFrame(
        {"station": ["N01", "N02", "N03", "N04"], "height": [3.5, 8.0, 2.2, 9.1]}
    )
    days = pd.date_range("2024-01-01", periods=200)
    weather = pd.DataFrame(
        [(s, d) for s in stations["station"] for d in days], columns=["station", "day"]
    )
    weather["rain"] = rng.gamma(1, 3, len(weather)).round(1)
    log = weather[["station", "day"]].iloc[rng.integers(0, len(weather), 5000)]
    log = log.reset_index(drop=True).assign(level=rng.normal(size=5000).round(2))
    log.loc[rng.random(5000) < 0.03, "day"] = pd.NaT
    tables = {"stations": stations, "weather": weather, "log": log}
    truth = (
        Metadata()
        .add_table("stations", pk="station")
        .add_table("weather", pk=("station", "day"), fk={"station": "stations.station"})
        .add_table(
            "log",
            fk={
                "station": "stations.station",
                ("station", "day"): ("weather.station", "weather.day"),
            },
        )
    )
    return tables, truth


def unrelated(rng):
    """Tables that share column names and ranges of numbers, and have no relation."""
    fish = pd.DataFrame(
        {
            "length": rng.normal(20, 4, 200),
            "age": rng.integers(1, 9, 200),
            "year": rng.integers(2000, 2020, 200),
        }
    )
    birds = pd.DataFrame(
        {
            "span": rng.normal(60, 9, 300),
            "age": rng.integers(1, 9, 300),
            "year": rng.integers(2000, 2020, 300),
            "ring": rng.permutation(300),
        }
    )
    rooms = pd.DataFrame({"room_id": np.arange(300), "floor": rng.integers(1, 9, 300)})
    tables = {"fish": fish, "birds": birds, "rooms": rooms}
    truth = (
        Metadata().add_table("fish").add_table("birds").add_table("rooms", pk="room_id")
    )
    return tables, truth


MADE = {f.__name__: f for f in (shop, clinic, sensors, unrelated)}
