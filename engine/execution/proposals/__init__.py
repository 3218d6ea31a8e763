"""The optimizer in a process of its own: the runner's side of it, and its own."""
