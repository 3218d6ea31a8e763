"""A Hydra sweep: what it searches, read from its configuration and its command."""
