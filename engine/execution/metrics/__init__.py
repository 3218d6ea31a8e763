"""Metrics of scripts that do not report: from their output and the files that they write."""
