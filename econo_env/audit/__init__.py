"""A log of an economy that cannot be changed unseen: events in a hash chain, kept durably, folded back to the state.

`record_to` starts one, `verify`, `replay`, `rerun` and `recover` say whether it stands, `resume` goes on with it,
`explain` and `export` tell what is in it. docs/audit.md has the whole.
"""

from econo_env.audit.check import verify
from econo_env.audit.explain import explain
from econo_env.audit.export import export
from econo_env.audit.recorder import record_to
from econo_env.audit.recovery import read_header, recover, replay, rerun, resume
from econo_env.audit.store import AuditError, IntegrityError

__all__ = [
    "AuditError",
    "IntegrityError",
    "explain",
    "export",
    "read_header",
    "record_to",
    "recover",
    "replay",
    "rerun",
    "resume",
    "verify",
]
