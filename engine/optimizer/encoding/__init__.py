"""The search space as coordinates, and back."""
