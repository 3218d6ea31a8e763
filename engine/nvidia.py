"""What the runner and ``doctor`` alike take of NVIDIA's driver."""

from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")
"""There where the kernel has loaded it, in its containers too."""
PATIENCE = 10.0
"""Seconds that all GPUs together may take to answer first; one without a load may take two."""
