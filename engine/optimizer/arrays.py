"""The kinds of arrays that the search computes with; docstrings say their shapes."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
"""Row numbers, or other whole numbers such as tasks."""
Mask = NDArray[np.bool_]
