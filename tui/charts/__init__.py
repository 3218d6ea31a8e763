"""Drawing without widgets: numpy rasters and plotext figures, all pure."""
