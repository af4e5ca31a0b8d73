"""Weights and selection of generated rows by the real one- and two-way tables."""

from sklearn_synthohive.calibration._calibrator import RakingCalibrator

__all__ = ["RakingCalibrator"]
