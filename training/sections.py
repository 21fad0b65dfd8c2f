"""The sections of a training configuration."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A section of the configuration: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Decay(Section):
    """A number that goes from `initial` to `final` over the training.

    Attributes:
        initial: At the start.
        final: At the end; as the start when left out.
        schedule: The way there: `linear`, `cosine` (half a wave) or `exponential` (equal ratios).
        until: Share of the training after which it stays at `final`.
    """

    initial: float = Field(gt=0.0)
    final: float | None = Field(None, gt=0.0)
    schedule: Literal["linear", "cosine", "exponential"] = "linear"
    until: float = Field(1.0, gt=0.0, le=1.0)


class Learner(Section):
    """Settings of SB3's PPO, under SB3's names.

    Attributes:
        num_markets: Markets played side by side.
        n_steps: Ticks of a rollout; a rollout holds num_markets x n_steps x learning seats samples.
        batch_size: Samples of a minibatch; it must divide the rollout.
        n_epochs: Passes over each rollout.
        learning_rate: Adam's step, and how it falls. Let it fall with `std`: a step as long as the exploration itself
            throws away what was learned.
        gamma: Discount a tick; left out, 0 where an episode is one tick or no report changes what comes later, as in
            `task_market_v1`, and 0.99 elsewhere.
        gae_lambda: Weight of long returns in the advantages.
        clip_range: PPO's clip of the probability ratio.
        ent_coef: Weight of the entropy bonus.
        vf_coef: Weight of the value loss.
        normalize_advantage: Divide the advantages of each minibatch by their spread. The shipped auctions do without,
            lest minibatches with rare, large wins count for less; no ablation has isolated the effect.
        max_grad_norm: Longest gradient, 0.5 in SB3; left out, gradients are not clipped.
        std: Exploration, the standard deviation of the Gaussian actions. With `final` it follows the schedule and is
            not learned; without, it starts at `initial` and is learned as SB3 does.
        difference_rewards: Take off each return what the mean action would have earned with the same rivals and luck:
            far less noise (`training.difference`). Left out, it is on where gamma is 0; elsewhere each way is played
            to the end of the episode, which is cheap where few actions change the course of the market, as in clocks.
        one_component: With difference rewards, each draw changes one component of the action, by lot, and leaves the
            others at their mean. Where components meet, as when effort decides what a won task pays, reports are then
            judged by the work that will be done, not by work that explores.
        net_arch: Units of each hidden layer of the policy, and of the value function where one is asked: with
            difference rewards the difference itself is the advantage.
        activation: Between the layers.
    """

    num_markets: int = Field(1024, ge=1)
    n_steps: int = Field(8, ge=1)
    batch_size: int = Field(8192, ge=2)
    n_epochs: int = Field(4, ge=1)
    learning_rate: Decay = Decay(initial=1e-3, final=1e-5)
    gamma: float | None = Field(None, ge=0.0, le=1.0)
    gae_lambda: float = Field(0.95, ge=0.0, le=1.0)
    clip_range: float = Field(0.2, gt=0.0)
    ent_coef: float = Field(0.0, ge=0.0)
    vf_coef: float = Field(0.5, ge=0.0)
    normalize_advantage: bool = True
    max_grad_norm: float | None = Field(None, gt=0.0)
    std: Decay = Decay(initial=0.3, final=0.03, schedule="exponential")
    difference_rewards: bool | None = None
    one_component: bool = False
    net_arch: tuple[int, ...] = (64, 64)
    activation: Literal["tanh", "relu"] = "relu"


class Evaluation(Section):
    """Looks at the learned policy while it learns.

    Attributes:
        every: Agent-steps between two looks; 0 for none but the first, before any step, and the last.
        early: Looks before the first of those, each at half the steps of the next: learning is fastest at first.
        num_markets: Markets of a look.
    """

    every: int = Field(500_000, ge=0)
    early: int = Field(6, ge=0, le=30)
    num_markets: int = Field(1024, ge=1)

    def is_due(self, before: int, after: int) -> bool:
        """Whether a look falls on the way from one number of agent-steps to another."""
        first = (self.every >> halvings for halvings in range(1, self.early + 1))
        return _crossed(self.every, before, after) or any(before < steps <= after for steps in first if steps > 0)


class Checkpoints(Section):
    """Attributes: `every` agent-steps one is written (0: only at the end), and the last `keep` of them are kept."""

    every: int = Field(1_000_000, ge=0)
    keep: int = Field(3, ge=2)

    def is_due(self, before: int, after: int) -> bool:
        """Whether a checkpoint falls on the way from one number of agent-steps to another."""
        return _crossed(self.every, before, after)


class Psro(Section):
    """Settings of policy-space response oracles.

    Attributes:
        replies: Replies that join the population of each role; each has an equal part of `total_timesteps`.
        solver: What mixes the population: `nash`, outright, for two agents; `replicator`, its resting point or average;
            `uniform`; `regret_matching`; open_spiel's `alpha_rank` and `projected_replicator`. Left out, `nash` for two
            agents and `replicator` for more.
        num_markets: Markets in which each profile of the population is played, all with the same types and luck.
        starts: Mean actions, all over the action space (a Latin hypercube), of which a reply begins at the one that
            earns most against the mixture: where its payoff has several peaks, it climbs a high one. 1 begins in the
            middle.
    """

    replies: int = Field(8, ge=1, le=100)
    solver: Literal["nash", "replicator", "uniform", "regret_matching", "alpha_rank", "projected_replicator"] | None = (
        None
    )
    num_markets: int = Field(8192, ge=1)
    starts: int = Field(1, ge=1, le=1000)


class Opponents(Section):
    """A pool of rated opponents: who plays the other seats while a network learns in the first of each group.

    Attributes:
        fixed: Policies by name, folders of runs, `my_policy.py:MyPolicy` or `model.zip`; without memory.
        past_every: Agent-steps after which what is learned joins the pool; 0 for never.
        past_keep: How many of these stay: with one more the lowest rated leaves.
        latest: Share of the draws that are what is learned now, 0 to 1.
        mixed: Every seat has an opponent of its own; false: one plays them all.
        hard: Opponents are drawn with weights (1 - expected score against them)^hard: 0 is all alike, the larger the
            more often the strong ones.
        k_factor: How far a turn moves ratings, Elo's K.
    """

    fixed: tuple[str, ...] = ()
    past_every: int = Field(0, ge=0)
    past_keep: int = Field(8, ge=1, le=1000)
    latest: float = Field(0.5, ge=0.0, le=1.0)
    mixed: bool = True
    hard: float = Field(1.0, ge=0.0, le=100.0)
    k_factor: float = Field(16.0, gt=0.0, le=1000.0)

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if len(set(self.fixed)) != len(self.fixed):
            raise ValueError(f"fixed={list(self.fixed)}: name each opponent once")
        if not self.fixed and self.past_every == 0 and self.latest < 1.0:
            raise ValueError(
                f"latest={self.latest:g} leaves draws for others, and there are none: name some in `fixed`, set "
                "`past_every`, or leave `opponents` out"
            )
        return self


class Forecasts(Section):
    """Forecasts of the next round that the learner sees beside the market, see `econo_env.policies.forecasts`.

    Attributes:
        by: `ridge`, a regression; or `network`, one and beside it a small network for what is not linear.
        of: Features that are forecast; left out, prices and rivals' bids of the last round, as far as they are shown.
        lags: Values of each that a forecast rests on.
        ridge: Weight of the penalty.
        forgetting: What older rounds count after one more.
        units: Of a network's hidden layer.
        rate: At which a network learns.
        window: The last rounds that a network learns from.
    """

    by: Literal["ridge", "network"] = "ridge"
    of: tuple[str, ...] = ()
    lags: int = Field(4, ge=1, le=64)
    ridge: float = Field(0.01, gt=0.0)
    forgetting: float = Field(0.995, gt=0.0, le=1.0)
    units: int = Field(16, ge=1, le=256)
    rate: float = Field(0.01, gt=0.0, le=1.0)
    window: int = Field(128, ge=8, le=4096)


class Recurrent(Section):
    """Settings of networks with a memory (an LSTM); `net_arch` stands on top of it.

    Attributes:
        units: Numbers that are remembered, twice.
        sees_last: Whether a network also sees its last action and what it earned, so that it can learn to learn within
            an episode (RL^2).
    """

    units: int = Field(64, ge=1)
    sees_last: bool = True


def _crossed(every: int, before: int, after: int) -> bool:
    return every > 0 and after // every > before // every


DEFAULTS = {
    name: section().model_dump()
    for name, section in (
        ("learner", Learner),
        ("recurrent", Recurrent),
        ("psro", Psro),
        ("evaluation", Evaluation),
        ("checkpoints", Checkpoints),
    )
}
"""What each section is where nothing is set."""
