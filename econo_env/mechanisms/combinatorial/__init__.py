"""Combinatorial auctions: XOR bids for bundles, exact winner determination, VCG and core payments.

Small games (up to ten items) are cleared by `rule.clear`, compiled; large ones by `auction.clear_auction` with HiGHS.
"""

from econo_env.mechanisms import claims
from econo_env.mechanisms.combinatorial.auction import AuctionOutcome, clear_auction
from econo_env.mechanisms.combinatorial.row import BundleMechanism
from econo_env.mechanisms.combinatorial.rule import Combinatorial, Payment, clear
from econo_env.mechanisms.combinatorial.sources import by_the_payment_rule
from econo_env.valuations.xor_bids import XorBids, xor_bids

__all__ = ["MECHANISM", "AuctionOutcome", "Payment", "XorBids", "clear_auction", "xor_bids"]


def _auction(bids: XorBids, parameters: Combinatorial, time_limit: float, seed: int) -> AuctionOutcome:
    return clear_auction(bids, Payment(parameters.payment), time_limit=time_limit, seed=seed)


MECHANISM = BundleMechanism(
    name="combinatorial",
    summary="XOR bids for bundles; the most valuable allocation wins and pays by VCG, a core rule, or its bids.",
    market="combinatorial",
    rule=clear,
    parameters=Combinatorial,
    claims=(
        claims.TRUTHFUL.where("with vcg", mechanism__payment="vcg"),
        claims.denied(claims.TRUTHFUL.where("with nearest_vcg", mechanism__payment="nearest_vcg"), claims.CORE),
        claims.EFFICIENT.where("with vcg", mechanism__payment="vcg"),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.IN_THE_CORE.where("with nearest_vcg, nearest_zero and nearest_bid", mechanism__payment="nearest_vcg"),
        claims.denied(claims.IN_THE_CORE.where("with vcg", mechanism__payment="vcg"), claims.CORE),
        claims.FALSE_NAME_PROOF.where("with grand_bundle", mechanism__payment="grand_bundle"),
        claims.denied(claims.FALSE_NAME_PROOF.where("with vcg", mechanism__payment="vcg"), claims.FALSE_NAMES),
    ),
    known_answer="bids A:28, B:20, AB:32, A:14, B:12: the first two win; VCG 14 and 12, nearest-VCG 17 and 15",
    reference="Day and Raghavan (2007); Day and Cramton (2012); Ausubel and Milgrom (2002)",
    truth_is_dominant=lambda parameters: parameters.payment in (Payment.vcg,),
    sources=(by_the_payment_rule,),
    auction=_auction,
    mode=lambda parameters: Payment(parameters.payment).name,
    example={"payment": "nearest_vcg"},
)
