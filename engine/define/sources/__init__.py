"""Options that stand in a script's source, which is read and never run."""
