"""What suppliers see in a scoring auction."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.features import ROUNDS_LEFT, has_won, own_value, prior_shown
from econo_env.markets.feedback import all_bids, last_round, over_largest
from econo_env.markets.scoring.kernels import Params, State, action_names
from econo_env.markets.scoring.scenario import QUALITY_STEPS, ScoringScenario


@compiled
def received(k: int, i: int, state: State, params: Params) -> float:
    """What was received in the last round over the highest score."""
    return float(min(1.0, -state.award.pays[k, i] * params.score_scale))


@compiled
def winning_score(k: int, state: State, params: Params) -> float:
    """The score that won over the highest one; 0 where none won."""
    score = 0.0
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] != 0:
            score = min(1.0, state.scores[k, i] * params.score_scale)
    return score


@compiled
def winning_quality(k: int, state: State, params: Params) -> float:
    """The quality that won over the highest one; 0 where none won."""
    quality = 0.0
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] != 0:
            quality = state.qualities[k, i] / QUALITY_STEPS
    return quality


@compiled
def offered(k: int, j: int, state: State, params: Params) -> float:
    """Prices and qualities in turn, supplier by supplier, over the largest ones."""
    if j % 2 == 0:
        return over_largest(state.prices[k, j // 2], params.largest_price)
    return over_largest(state.qualities[k, j // 2], QUALITY_STEPS)


def features(scenario: ScoringScenario) -> tuple[Feature, ...]:
    """What each supplier sees."""
    shown: tuple[Feature, ...] = (
        Feature("cost", "own cost parameter theta over the highest possible one", own_value),
        ROUNDS_LEFT,
        *prior_shown(scenario),
    )
    over = "of the last round over the highest possible"
    return shown + last_round(
        scenario.feedback,
        scenario.max_cycles,
        result=(
            Feature("won", "1 if the last contract was won", has_won),
            Feature("received", f"own payment {over} score", received),
        ),
        best=(
            Feature("winning_score", f"winning score {over} one", winning_score, shared=True),
            Feature("winning_quality", f"winning quality {over} one", winning_quality, shared=True),
        ),
        bids=all_bids(action_names(scenario), scenario.num_agents, offered),
    )
