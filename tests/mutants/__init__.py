"""Small semantic faults, one entry each, that a named test must notice; see `run.py`."""
