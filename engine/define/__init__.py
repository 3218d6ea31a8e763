"""Making a study: from a script (``init``), by preview, by trying it once."""
