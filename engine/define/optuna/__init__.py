"""A script with an Optuna objective: from its source and one run to a study."""
