"""The generator networks by the name of CTGAN's parameter.

A strategy prepares the data, builds the net, says how it is scored, scheduled and
stopped, and wraps what samples.
"""

from sklearn_synthohive.generators._autoregressive import AutoregressiveStrategy
from sklearn_synthohive.generators._mlp import MLPStrategy

__all__ = ["STRATEGIES"]

STRATEGIES = {"autoregressive": AutoregressiveStrategy(), "mlp": MLPStrategy()}
