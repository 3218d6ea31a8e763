"""What ``benchmarks/real_trainings.py`` is made of: data, models, engines, runs, scores, report."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy: one thread, so that CPU seconds compare
