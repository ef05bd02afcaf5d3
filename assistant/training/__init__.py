"""Small models, learned from labels and logs."""
