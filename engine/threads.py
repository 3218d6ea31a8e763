"""Limits numeric libraries to a number of threads."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that hold numeric libraries to ``threads`` threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))
