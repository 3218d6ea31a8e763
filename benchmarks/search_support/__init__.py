"""What ``benchmarks/search.py`` is made of: problems, scores, engines, the clock, the report."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: one thread a run, so that CPU seconds compare
