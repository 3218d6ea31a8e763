"""Pure accounting of what trials say: best, front, importance, tasks. numpy alone."""
