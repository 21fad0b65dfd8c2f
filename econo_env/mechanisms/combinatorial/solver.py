"""How HiGHS is called: quiet, on one thread, on set packings whose rows are at most 1."""

import time
from typing import Any

import numpy as np

from econo_env.engine.state import Float64s, Int64s


def highs() -> Any:
    """A quiet HiGHS solver on one thread.

    Raises:
        ValueError: highspy is not installed.
    """
    try:
        from highspy import Highs
    except ImportError:
        raise ValueError(
            "auctions of more than 10 items need the solver HiGHS: pip install 'econo-env[combinatorial]'"
        ) from None
    solver = Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, value)
    return solver


def amount_unit(amount: Int64s) -> float:
    """A power of two that brings the largest amount to about a million: the solver's tolerances are absolute."""
    return float(1 << max(0, int(amount.max(initial=1)).bit_length() - 20))


def new_solver(num_rows: int) -> Any:
    """A solver with rows of at most 1 and no columns yet."""
    from highspy import ObjSense

    solver = highs()
    solver.setOptionValue("presolve", "off")
    solver.changeObjectiveSense(ObjSense.kMaximize)
    add_rows(solver, [np.zeros(0, dtype=np.int64)] * num_rows)
    return solver


def add_rows(solver: Any, rows: list[Int64s]) -> None:
    """Adds rows of at most 1, each given by its columns."""
    starts = np.cumsum([0] + [len(row) for row in rows])
    index = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]).astype(np.int32)
    low, high = np.full(len(rows), -np.inf), np.ones(len(rows))
    solver.addRows(len(rows), low, high, len(index), starts[:-1].astype(np.int32), index, np.ones(len(index)))


def add_columns(solver: Any, worth: Float64s, columns: list[Int64s]) -> None:
    """Adds columns from 0 to 1, each given by its rows."""
    starts = np.cumsum([0] + [len(column) for column in columns])
    index = np.concatenate([*columns, np.zeros(0, dtype=np.int64)]).astype(np.int32)
    low, high = np.zeros(len(columns)), np.ones(len(columns))
    solver.addCols(len(columns), worth, low, high, len(index), starts[:-1].astype(np.int32), index, np.ones(len(index)))


def run(solver: Any, deadline: float) -> tuple[Any, bool]:
    """Runs the solver until the deadline; its solution and whether it came to an end."""
    from highspy import HighsModelStatus

    left = deadline - time.perf_counter()
    if left <= 0:
        return None, False
    solver.setOptionValue("time_limit", solver.getRunTime() + left)
    solver.run()
    return solver.getSolution(), solver.getModelStatus() == HighsModelStatus.kOptimal


def start_from(solver: Any, columns: list[Any], rows: list[Any]) -> None:
    """Gives the solver a basis to start from."""
    from highspy import HighsBasis

    basis = HighsBasis()
    basis.col_status, basis.row_status, basis.valid = columns, rows, True
    solver.setBasis(basis)
