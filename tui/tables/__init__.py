"""Trials and studies as rows: their columns, their order, their filters."""
