"""When a running trial is overdue: it takes far longer than any of its task has. Pure."""

KEY = "overdue"
"""Under which key the store keeps which trials are overdue and of which people were told."""
KNOWN = 3
"""Completed trials of a task from which on one may be judged by them."""
LEAST = 60.0
"""Seconds before which none is overdue."""
TIMES = 3.0
"""A trial is overdue after so many times what the longest of its task took."""
