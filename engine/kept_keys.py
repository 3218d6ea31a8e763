"""Keys of what the optimizer tells and the store keeps, for those who write it and who read it."""

ETA = "eta"
"""The seconds until the budget was spent, as expected when it was written; None where unknown."""
FITTED = "optimizer"
"""The fitted hyperparameters, which another process of the optimizer begins with."""
