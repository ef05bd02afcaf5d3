"""The readout of an experiment: one file a figure."""
