"""Expressions over parameters, and filters over trials."""
