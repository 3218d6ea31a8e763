"""One trial of a script that uses SigOpt: ``python -m hpo_tui.engine.objective.sigopt train.py``.

Nothing here needs more than Python's own library, so that the script's environment needs nothing
of what the study's own process does.
"""
