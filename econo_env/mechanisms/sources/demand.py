"""What firms can receive of consumers who choose by price."""

from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import PriceRound
from econo_env.money import written


def own_price(sold: PriceRound, firm: int) -> Reason | None:
    """Its own price of each consumer who chooses its good."""
    price, share = float(sold.prices[firm]), float(sold.shares[firm])
    return Reason(f"its own price {written(price)} of each of them", -price * share)
