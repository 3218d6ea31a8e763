"""The kinds of arrays that the search, the analysis and the charts compute with.

Docstrings say what the axes of an array are; these names say only what its elements are. Arrays of
other sizes of whole numbers (``int8``, ``int32`` …) are written out where they occur.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Values, one float each; NaN where there is none."""
Index = NDArray[np.intp]
"""Row numbers, or other whole numbers such as tasks."""
Mask = NDArray[np.bool_]
"""Whether each row (or cell) is meant."""
