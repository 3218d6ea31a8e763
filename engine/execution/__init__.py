"""Where trials run: processes, devices, reports, checkpoints."""
