"""What raters say of an agent beside what the house has seen: bounded by their stake, whoever they are.

A mean of what raters say, weighted by trust, moves with the trust of those who lie; with a share q of the stake a ring
of raters holds up to (1 - a)(reach + 1) q + a q of it, 0.27 at q = 0.1, and what honest raters pass on to it besides.
Here the house's own record m stands, and each rater moves it by no more than its influence times a leeway:

    R = m + sum_i min(t_i, p_i) clip(x_i - m, -leeway, leeway)

So what a ring says moves R by at most leeway times its share of the stake, however many identities it has, however
it rates itself and whoever trusts it. It can also shift who else is heard, by what it passes on; a search over rings
finds both together at most 0.02 at a tenth of the stake.
"""

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Float64s

LEEWAY = 0.1
"""How far all the stake together can move a reputation from what the house has seen."""


@compiled
def influence(trust: float, stake: float) -> float:
    """min(t, p): a rater is heard as far as it is trusted, never beyond its share of the stake."""
    return min(trust, stake)


@compiled
def heard_reputation(
    record: float, says: Float64s, knows: Bools, trust: Float64s, stake: Float64s, leeway: float
) -> float:
    """The reputation of an agent after what raters say of it.

    Args:
        record: m in [0, 1], what the house has seen itself.
        says: What each rater says, in [0, 1], shape (raters,).
        knows: Who says anything, shape (raters,); the others say nothing and move nothing.
        trust: Trust in each, shape (raters,), see `econo_env.economy.trust`.
        stake: Shares of the bonded stake, shape (raters,), summing to 1 at most.
        leeway: How far all of them together can move it, in [0, 1].

    Returns:
        R in [0, 1]: between the record and the furthest that anybody says.
    """
    moved = 0.0
    for i in range(says.shape[0]):
        if knows[i]:
            moved += influence(trust[i], stake[i]) * min(leeway, max(-leeway, says[i] - record))
    return record + moved


@compiled
def most_moved(stake: float, leeway: float) -> float:
    """How far raters with that share of the stake can move any reputation by what they say of it."""
    return stake * leeway
