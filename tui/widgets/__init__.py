"""Panes: reactive snapshot and view in, typed messages out; none of them reads the store."""
