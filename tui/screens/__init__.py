"""Screens and dialogs: one module for each, or for what several of them share."""
