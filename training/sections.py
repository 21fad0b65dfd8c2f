"""Sections of a training configuration that stand by themselves."""

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
    """Forecasts of the next round that the learner sees beside the market, see `econo_env.policies.forecasts.ridge`.

    Attributes:
        of: Features that are forecast; left out, prices and rivals' bids of the last round, as far as they are shown.
        lags: Values of each that a forecast rests on.
        ridge: Weight of the penalty.
        forgetting: What older rounds count after one more.
    """

    of: tuple[str, ...] = ()
    lags: int = Field(4, ge=1, le=64)
    ridge: float = Field(0.01, gt=0.0)
    forgetting: float = Field(0.995, gt=0.0, le=1.0)
