"""Figures: how good what is inferred is, measured on logs."""
