"""The page of planted faults lists faults of the catalogues, each with a test that falls, at least forty."""

from tests.mutants.catalogue import ROOT, read_catalogues
from tests.mutants.page import AREAS, page, row


def test_the_page_lists_faults_of_the_catalogues():
    listed = [line for line in (ROOT / "docs" / "mutants.md").read_text().splitlines() if line.startswith("| ")]
    listed = [line for line in listed if line.count("`") == 4]
    mutants = read_catalogues()
    known = {row(mutant) for mutant in mutants if mutant.area in AREAS}
    assert not set(listed) - known, "write the page anew: python -m tests.mutants.page > docs/mutants.md"
    assert len(listed) == len(set(listed)) >= 40
    assert all(row(mutant) in page(mutants) for mutant in mutants if mutant.area in AREAS)
