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
