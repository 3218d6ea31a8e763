"""From a study's file to what the screens show of it, in threads."""
