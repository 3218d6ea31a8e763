"""The folder that goes onto ``PYTHONPATH`` of a script whose options are to be found."""
