"""One trial of a script of Ray Tune's: ``python -m hpo_tui.engine.objective.raytune train.py``.

No cluster of Ray's is started. (Trials on the machines of a Ray cluster are another thing: see
``engine/execution/ray.py``.) Beside Ray, nothing here needs more than Python's own library.
"""
