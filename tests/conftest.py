"""Every test runs with one thread for numerical libraries."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
