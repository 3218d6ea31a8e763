"""The study editor without its widgets: rows of the form, typed text to values, undo."""
