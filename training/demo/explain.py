"""What the demo says in plain words, on the terminal and at the top of its page."""

from econo_env.training.demo.human_bids import HumanBids
from econo_env.training.demo.revenue import Earned
from econo_env.training.report.contents import ReportContents
from econo_env.training.report.summary import interval, shown
from econo_env.valuations.calibration import Calibration


def money(amount: float) -> str:
    """An amount of the table's money, in millions where it is large."""
    return f"${amount / 1e6:,.2f} million" if abs(amount) >= 1e6 else f"${amount:,.0f}"


def calibration_lines(found: Calibration, num_bidders: int) -> list[str]:
    """What was read, dropped and found."""
    said = found.homogenisation
    lines = [f"{found.rows_read:,} bids in {found.auctions_read:,} auctions"]
    lines += [str(entry) for entry in found.dropped]
    estimate = found.estimate(num_bidders)
    low, middle, high = (estimate.value_at(p)[0] for p in (0.1, 0.5, 0.9))
    lines.append(f"covariates and the number of bidders explain {said.r_squared:.1%} of the variance of log bids")
    lines.append(f"1 credit is the median homogenised bid, {money(said.amount_per_credit)} in the reference auction")
    lines.append(
        f"{estimate.auctions:,} auctions with {num_bidders} bidders: values of {low:.2f}, {middle:.2f} and {high:.2f} "
        "credits at the 10, 50 and 90 % quantiles"
    )
    return lines


def judgement_lines(contents: ReportContents) -> list[str]:
    """The headline figures with their intervals."""
    metrics = contents.document["metrics"]
    names = (("utility_loss", "utility loss"), ("efficiency", "efficiency"), ("revenue", "revenue in credits"))
    return [f"{label}: {shown(metrics[name])} {interval(metrics[name])}" for name, label in names]


def human_bids_lines(human_bids: HumanBids) -> list[str]:
    """How far trained bidders and equilibrium are from people."""
    return [
        f"{name} bids are {human_bids.bid_gap[name]:.3f} credits from people's at the same value on average; distance "
        f"of the distributions of bids {human_bids.bid_distance[name]:.3f}, of winning bids "
        f"{human_bids.winning_distance[name]:.3f}"
        for name in human_bids.others
    ]


def revenue_lines(earned: list[Earned], found: Calibration) -> list[str]:
    """Revenue by rule, in credits and money."""
    unit = found.homogenisation.amount_per_credit
    return [
        f"{entry.name}: {entry.credits.mean:.3f} credits [{entry.credits.low:.3f}, {entry.credits.high:.3f}], "
        f"{money(entry.credits.mean * unit)}"
        for entry in earned
    ]


def closing_words(found: Calibration, contents: ReportContents, human_bids: HumanBids, earned: list[Earned]) -> str:
    """The whole demo in one paragraph."""
    unit = found.homogenisation.amount_per_credit
    by_kind = {entry.kind: entry for entry in earned if entry.kind != "truthful"}
    truthful = [entry for entry in earned if entry.kind == "truthful"]
    agents = contents.scenario.num_agents
    auctions = found.estimate(agents).auctions
    gain = truthful[1].credits.mean / truthful[0].credits.mean - 1.0
    return (
        f"From {found.auctions_read:,} timber auctions we estimated what {agents} bidders think a tract is worth, and "
        "let a network learn to bid for it from nothing but its own wins and losses. By not playing its best "
        f"deviation a bidder leaves {shown(contents.document['metrics']['utility_loss'])} of its earnings behind. At "
        "the same values its bids "
        f"are {human_bids.bid_gap['learned']:.3f} credits ({money(human_bids.bid_gap['learned'] * unit)}) from the "
        f"bids that the estimate ascribes to people, on average. An auction among the trained bidders earns "
        f"{money(by_kind['learned'].credits.mean * unit)} on the reference tract; equilibrium "
        f"{money(by_kind['equilibrium'].credits.mean * unit)}; the {auctions:,} real auctions with {agents} bidders, "
        f"brought to that tract, {money(by_kind['people'].credits.mean * unit)}. A second-price rule would have earned "
        f"{money(truthful[0].credits.mean * unit)}, and the best reserve would add {gain:.2%} to that."
    )
