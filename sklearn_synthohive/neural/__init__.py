"""Networks, conditions, losses and the training epoch: torch and layouts only."""

from sklearn_synthohive.neural._conditions import Conditions
from sklearn_synthohive.neural._draw import draw_rows
from sklearn_synthohive.neural._epoch import AdversarialData, Recipe
from sklearn_synthohive.neural._generator import ConditionalGAN
from sklearn_synthohive.neural._net import AdversarialNet, StopTraining
from sklearn_synthohive.neural._row import DeviceTable, RowSpec

__all__ = [
    "AdversarialData",
    "AdversarialNet",
    "ConditionalGAN",
    "Conditions",
    "DeviceTable",
    "Recipe",
    "RowSpec",
    "StopTraining",
    "draw_rows",
]
