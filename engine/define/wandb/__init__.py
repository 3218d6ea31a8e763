"""A sweep of Weights & Biases as a study that runs its program, unchanged."""
