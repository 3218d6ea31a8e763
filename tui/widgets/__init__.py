"""Panes: a snapshot and a view in, typed messages out; few of them read the store, in threads."""
