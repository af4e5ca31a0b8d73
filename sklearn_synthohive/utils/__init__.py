"""Validation of raw input, parameters, random state, plain-data files, checks."""
