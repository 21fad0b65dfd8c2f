"""Every test runs with one thread for numerical libraries, and generated cases by a profile.

In CI (`CI=true`) Hypothesis draws the same cases in every run, so that what is green stays green; elsewhere it draws
new ones. `HYPOTHESIS_PROFILE=ci` or `explore` chooses.
"""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if in_ci else "explore"))
