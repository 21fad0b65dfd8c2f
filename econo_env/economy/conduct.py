"""Conduct: what a tick has shown of those who held something, for those who remember, reward and bar."""

from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np

from econo_env.economy.contracts import EXCELLENT, NO_GRADE, SATISFACTORY
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s


class Conduct(NamedTuple):
    """How awards of the last tick came out; a part that `judges` writes it, `world.conduct`."""

    first: Annotated[Int64s, Column(np.int64, (), "first agent with a grade of the last tick")]
    past: Annotated[Int64s, Column(np.int64, (), "after the last agent with one, 0 for none")]
    grade: Annotated[Int64s, Column(np.int64, ("agents",), "grade of the last tick, 0 for none, see economy.contracts")]
    value: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits that were at stake in it")]
    banned: Annotated[Bools, Column(np.bool_, ("agents",), "out for the rest of the episode")]
    evidence: None  # see `WithEvidence`


_Evidence = Annotated[Bools, Column(np.bool_, ("agents",), "conduct of the last tick is evidence for a reputation")]
_WITH_EVIDENCE = [*list(get_type_hints(Conduct, include_extras=True).items())[:-1], ("evidence", _Evidence)]
WithEvidence = NamedTuple("WithEvidence", _WITH_EVIDENCE)  # type: ignore[misc]  # the same columns, said once
"""The columns where a part says what is evidence; without one all conduct is, and nothing of it is in the loop."""


AUDITED = {
    "grade": "its work is graded {value}: 1 excellent, 2 satisfactory, 3 poor, 4 byzantine, 0 where there was none",
    "banned": "it is banned for the rest of the episode",
}
"""Columns that a log of the economy holds, with what they say, as `audited` of a part."""


@compiled
def forget_conduct(k: int, conduct: Conduct) -> None:
    """Nobody has done anything yet in the episode."""
    conduct.first[k] = 0
    conduct.past[k] = 0
    for i in range(conduct.grade.shape[1]):
        conduct.grade[k, i] = NO_GRADE
        conduct.value[k, i] = 0.0
        conduct.banned[k, i] = False


@compiled
def note_conduct(k: int, i: int, grade: int, value: float, conduct: Conduct) -> None:
    """Writes how the award of agent i came out; agents come in order."""
    if conduct.past[k] == 0:
        conduct.first[k] = i
    conduct.past[k] = i + 1
    conduct.grade[k, i] = grade
    conduct.value[k, i] = value


@compiled
def note_among(k: int, i: int, grade: int, value: float, conduct: Conduct) -> None:
    """The same after agents that come later have been noted, or in the place of a better grade of its own."""
    first, past = conduct.first[k], conduct.past[k]
    note_conduct(k, i, grade, value, conduct)
    conduct.first[k] = min(i, first) if past > 0 else i
    conduct.past[k] = max(i + 1, past)


@compiled
def forget_tick(k: int, conduct: Conduct) -> None:
    """Nobody has shown anything yet in the tick."""
    for i in range(conduct.first[k], conduct.past[k]):
        conduct.grade[k, i] = NO_GRADE
    conduct.first[k] = 0
    conduct.past[k] = 0


@compiled
def _is_evidence(k: int, i: int, evidence: Bools | None) -> bool:
    if evidence is None:
        return True
    return bool(evidence[k, i])


@compiled
def grade_heard(k: int, i: int, conduct: Any) -> int:
    """The grade that those hear of who remember: that of agent i in the last tick, none where it is no evidence."""
    return int(conduct.grade[k, i]) if _is_evidence(k, i, conduct.evidence) else NO_GRADE


@compiled
def is_kept(grade: int) -> bool:
    """Whether a promise was kept: work of a passing grade."""
    return EXCELLENT <= grade <= SATISFACTORY
