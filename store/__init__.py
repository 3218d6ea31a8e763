"""What is known about a study: one SQLite file, and all the SQL there is."""
