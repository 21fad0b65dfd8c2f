"""Paths in space: bids for routes between two cities (truck routes, pipelines, links of a network)."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice, pairwise
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.valuations.bundles.instance import Generator, Priced, from_bidders
from econo_env.valuations.xor_bids import XorBids

_NEIGHBOURS = 2


def paths(
    num_items: Annotated[int, Field(ge=2, le=1000)] = 25,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    building_penalty: Annotated[float, Field(ge=1.0)] = 1.7,
    shipping_cost_factor: Annotated[float, Field(gt=1.0)] = 1.5,
    paths_each: Annotated[int, Field(ge=1, le=20)] = 5,
) -> XorBids:
    """Bids on the shortest ways between two cities; the items are roads.

    Cities lie at random in the unit square and are joined to their two nearest neighbours. More roads come along the
    cheapest ways between random cities, a road that must be built costing `building_penalty` times its length, until
    there are `num_items`. A bidder wants to get from one random city to another; the trip is worth their distance times
    U[1, `shipping_cost_factor`], and it bids that minus the length of the way on each of the shortest `paths_each` ways
    that leave a profit.

    The suite derives the number of cities from the number of goods; here it is a third, for its three roads a city, and
    building stops at the number of roads that was asked for. When as many random pairs in a row as there are cities
    need no new road, the next pair is joined straight.

    Args:
        num_items: Roads.
        num_bids: Bids in all.
        seed: Of the draws.
        building_penalty: What a missing road costs over a present one.
        shipping_cost_factor: The most that a trip is worth over the distance.
        paths_each: Alternatives of a bidder.
    """
    rng = np.random.default_rng(seed)
    length, road = _network(num_items, building_penalty, rng)
    trips = _bidders(length, road, shipping_cost_factor, paths_each, rng)
    return from_bidders(trips, num_items, num_bids)


def _network(num_roads: int, penalty: float, rng: np.random.Generator) -> tuple[Float64s, Int64s]:
    """Distances between cities, and the number of the road between two, -1 for none; both (cities, cities)."""
    cities = max(3, round(num_roads / 3))
    while cities * (cities - 1) // 2 < num_roads:
        cities += 1
    place = rng.random((cities, 2))
    length = np.linalg.norm(place[:, None] - place[None], axis=2)
    road = np.full((cities, cities), -1, dtype=np.int64)
    built = 0
    for near in range(1, _NEIGHBOURS + 1):
        for city in range(cities):
            other = int(np.argsort(length[city])[near])
            if built < num_roads and road[city, other] < 0:
                road[city, other] = road[other, city] = built
                built += 1
    in_vain = 0
    while built < num_roads:
        start, end = rng.choice(cities, 2, replace=False)
        cost = length * np.where(road >= 0, 1.0, penalty)
        way = _cheapest(cost, int(start), int(end))
        if in_vain > cities:  # every cheapest way runs on roads that are there
            way = [int(start), int(end)]
        before = built
        for one, other in pairwise(way):
            if built < num_roads and road[one, other] < 0:
                road[one, other] = road[other, one] = built
                built += 1
        in_vain = 0 if built > before else in_vain + 1
    return length, road


def _cheapest(cost: Float64s, start: int, end: int) -> list[int]:
    """The cities of the cheapest way (Dijkstra), from the end to the start."""
    reached = np.full(len(cost), np.inf)
    reached[start] = 0.0
    before = np.full(len(cost), -1)
    done: Bools = np.zeros(len(cost), dtype=np.bool_)
    while not done[end]:
        city = int(np.where(done, np.inf, reached).argmin())
        done[city] = True
        better = reached[city] + cost[city] < reached
        reached = np.where(better, reached[city] + cost[city], reached)
        before[better] = city
    way = [end]
    while way[-1] != start:
        way.append(int(before[way[-1]]))
    return way


def _bidders(
    length: Float64s, road: Int64s, factor: float, most: int, rng: np.random.Generator
) -> Iterator[list[Priced]]:
    from scipy.sparse.csgraph import shortest_path

    to_go = shortest_path(np.where(road >= 0, length, 0.0), directed=False)
    while True:
        start, end = (int(city) for city in rng.choice(len(length), 2, replace=False))
        worth = float(length[start, end] * rng.uniform(1.0, factor))
        ways = _shortest_ways(length, road, to_go[:, end], start, end, worth)
        yield [(way, worth - cost) for cost, way in islice(ways, most)]


def _shortest_ways(
    length: Float64s, road: Int64s, to_go: Float64s, start: int, end: int, limit: float
) -> Iterator[tuple[float, list[int]]]:
    """Ways below the limit that pass no city twice, shortest first, each its length and its roads.

    `to_go` are the shortest distances to the end by road: no way from a city is shorter (A* search).
    """
    open_ways: list[tuple[float, float, list[int]]] = [(float(to_go[start]), 0.0, [start])]
    while open_ways:
        whole, cost, passed = heappop(open_ways)
        if whole >= limit:
            return
        city = passed[-1]
        if city == end:
            yield cost, [int(road[one, other]) for one, other in pairwise(passed)]
            continue
        for other in np.flatnonzero(road[city] >= 0).tolist():
            if other not in passed:
                ahead = cost + float(length[city, other])
                heappush(open_ways, (ahead + float(to_go[other]), ahead, [*passed, other]))


GENERATORS = (
    Generator("paths", paths, "Routes between two cities over roads of a map", "Leyton-Brown et al. (2000), 4.1"),
)
