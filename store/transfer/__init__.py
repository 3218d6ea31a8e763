"""Studies in and out: CSV, JSON lines, Parquet, Optuna."""
