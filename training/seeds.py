"""Seeds as people write them: `3`, `0,1,2`, `0-9`."""

MOST_SEEDS = 100_000


def parsed_seeds(text: str) -> list[int]:
    """`0,1,5-9` as numbers.

    Raises:
        ValueError: The text is no such list, or one of more than 100,000.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()) or int(last or first) < int(first):
            raise ValueError(f"seeds = {text!r}: give numbers from 0, such as 0,1,2 or 0-9")
        count = int(last or first) - int(first) + 1
        if len(seeds) + count > MOST_SEEDS:
            raise ValueError(f"seeds = {text!r}: give at most {MOST_SEEDS:,} seeds")
        seeds += range(int(first), int(first) + count)
    return seeds
