"""One trial of a script that uses Optuna: ``python -m hpo_tui.engine.objective train.py``."""
