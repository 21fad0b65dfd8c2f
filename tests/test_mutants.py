"""The planted faults can be planted, and the runner tells those that fall from those that survive."""

import json
import re

import pytest

from tests.mutants.catalogue import ROOT, Mutant, faults_of, read_catalogues
from tests.mutants.run import Tree, main


def test_every_fault_can_be_planted_and_its_tests_exist():
    mutants = read_catalogues()
    faults = [fault for mutant in mutants for fault in faults_of(mutant)]
    assert not faults
    assert len(mutants) >= 120
    for mutant in mutants:
        compile(mutant.planted((ROOT / mutant.file).read_text()), mutant.file, "exec")


@pytest.fixture
def project(tmp_path):
    """Two rules, a test of one of them, and a fault in each."""
    root = tmp_path / "project"
    (root / "catalogues").mkdir(parents=True)
    (root / "rules.py").write_text("def larger(a, b):\n    return a > b\n\n\ndef sum_of(a, b):\n    return a + b\n")
    (root / "test_rules.py").write_text("import rules\n\n\ndef test_larger():\n    assert not rules.larger(1, 1)\n")
    entry = (
        '[[mutant]]\nname = "{}"\nfile = "rules.py"\nold = "{}"\nnew = "{}"\ntests = ["test_rules.py::test_larger"]\n'
    )
    (root / "catalogues/area.toml").write_text(
        entry.format("not strict", "a > b", "a >= b") + entry.format("minus", "a + b", "a - b")
    )
    return root


def ask(project, *words):
    kept = project.parent / "verdicts.json"
    status = main(["--json", str(kept), *words], project, project / "catalogues")
    return status, {label: row["verdict"] for label, row in json.loads(kept.read_text()).items()}


def test_a_link_is_copied_as_a_link(project, tmp_path):
    """`econo_env/policies` leads to `policies`: copied as a folder it would run on without the fault."""
    (project / "link").symlink_to("catalogues")
    assert (Tree(project, tmp_path / "tree", tmp_path / "kernels").path / "link").is_symlink()


def test_a_fault_that_no_test_sees_survives_and_is_printed(project, capsys):
    status, verdicts = ask(project)
    assert status == 1
    assert verdicts == {"area: not strict": "fell", "area: minus": "survived"}
    assert re.search(r"survived +area: minus", capsys.readouterr().out)
    assert "a > b" in (project / "rules.py").read_text(), "the project is not touched"
    status, _ = ask(project)
    assert status == 1
    assert "2 faults, 0 to judge" in capsys.readouterr().out
    assert ask(project, "--only", "not strict")[0] == 0
    (project / "rules.py").write_text("def larger(a, b):\n    return a >  b\n")
    assert main([], project, project / "catalogues") == 1
    assert "occurs 0 times in rules.py" in capsys.readouterr().out


def test_a_test_that_fails_by_itself_judges_nothing(project):
    (project / "test_rules.py").write_text("def test_larger():\n    assert False\n")
    with pytest.raises(SystemExit, match="do not pass without a fault"):
        ask(project)


def test_an_entry_that_says_too_little_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text('[[mutant]]\nname = "x"\nfile = "f"\nold = "a"\nnew = "b"\ntests = []\n')
    with pytest.raises(ValueError, match="'x'"):
        read_catalogues(tmp_path)
    gone = Mutant("a", "x", "pyproject.toml", "[project]", "[p]", ("tests/test_mutants.py::test_that_is_not_there",))
    assert faults_of(gone) == ["a: x: there is no test tests/test_mutants.py::test_that_is_not_there"]
