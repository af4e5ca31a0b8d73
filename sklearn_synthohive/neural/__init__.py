"""Networks, conditions, losses and the training epochs: torch and layouts only."""

from sklearn_synthohive.neural._autoregressive import AutoregressiveNet
from sklearn_synthohive.neural._columns import Columns, affordable_rows
from sklearn_synthohive.neural._conditions import Conditions
from sklearn_synthohive.neural._decay import input_decay
from sklearn_synthohive.neural._draw import draw_rows
from sklearn_synthohive.neural._draw_columns import draw_columns
from sklearn_synthohive.neural._draw_conditioned import (
    ANY,
    FREE,
    Rule,
    draw_conditioned,
)
from sklearn_synthohive.neural._epoch import AdversarialData, Recipe
from sklearn_synthohive.neural._generator import ConditionalGAN
from sklearn_synthohive.neural._levels import LevelGroups
from sklearn_synthohive.neural._likelihood import (
    LikelihoodData,
    LikelihoodRecipe,
    likelihood_epoch,
    mean_log_likelihood,
)
from sklearn_synthohive.neural._net import (
    AdversarialNet,
    EpochNet,
    LikelihoodNet,
    StopTraining,
)
from sklearn_synthohive.neural._normal_scores import NormalScores
from sklearn_synthohive.neural._order import dependences, learn_order
from sklearn_synthohive.neural._pairs import PairCounts
from sklearn_synthohive.neural._products import has_fast_bfloat16
from sklearn_synthohive.neural._profiles import group_levels, learn_columns
from sklearn_synthohive.neural._row import DeviceTable, RowSpec
from sklearn_synthohive.neural._row_likelihood import ScoreCells, row_log_likelihood
from sklearn_synthohive.neural._thinning import GroupThinning, PoolThinning, inclusion
from sklearn_synthohive.neural._weighted_likelihood import weighted_epoch

__all__ = [
    "ANY",
    "FREE",
    "AdversarialData",
    "AdversarialNet",
    "AutoregressiveNet",
    "Columns",
    "ConditionalGAN",
    "Conditions",
    "DeviceTable",
    "EpochNet",
    "GroupThinning",
    "LevelGroups",
    "LikelihoodData",
    "LikelihoodNet",
    "LikelihoodRecipe",
    "NormalScores",
    "PairCounts",
    "PoolThinning",
    "Recipe",
    "RowSpec",
    "Rule",
    "ScoreCells",
    "StopTraining",
    "affordable_rows",
    "dependences",
    "draw_columns",
    "draw_conditioned",
    "draw_rows",
    "group_levels",
    "has_fast_bfloat16",
    "inclusion",
    "input_decay",
    "learn_columns",
    "learn_order",
    "likelihood_epoch",
    "mean_log_likelihood",
    "row_log_likelihood",
    "weighted_epoch",
]
