"""The text of a study file: written, changed in one place, replaced as a whole."""
