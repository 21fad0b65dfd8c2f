"""YAML as people write it: names are text, keys stand once, numbers are numbers."""

import math

import pytest

from econo_env.catalogue import load
from econo_env.documents import parse_yaml, read_yaml, to_yaml
from econo_env.mechanisms.document import NAMES, clear_document
from econo_env.training.config import read_config

ODD = ["NO", "OFF", "yes", "12:30", "01", "010", "1e3", "1_000", "null", "~", "2020-01-01", "true", ".nan", "0x1f"]


@pytest.mark.parametrize("name", ODD)
def test_names_stay_the_text_that_is_written(name):
    text = f"items: [{name}, B]\nbids:\n- {{bidder: {name}, bundle: [{name}], amount: 1e-3}}\n"
    assert parse_yaml(text, names=NAMES) == {
        "items": [name, "B"],
        "bids": [{"bidder": name, "bundle": [name], "amount": 0.001}],
    }
    assert parse_yaml(f"orders: [{{trader: {name}}}]", names=NAMES) == {"orders": [{"trader": name}]}


def test_what_is_no_number_true_false_or_null_is_text():
    read = parse_yaml("[NO, off, yes, 12:30, 2020-01-01, 0x1f, 1_000, '1', 1.2.3]")
    assert read == ["NO", "off", "yes", "12:30", "2020-01-01", "0x1f", "1_000", "1", "1.2.3"]
    assert parse_yaml("[true, False, null, ~, '']") == [True, False, None, None, ""]
    numbers = parse_yaml("[1e-3, 1e3, 1.5E+2, 010, 01, -3, +.5, 2., -.inf]")
    assert numbers == [0.001, 1000.0, 150.0, 10, 1, -3, 0.5, 2.0, -math.inf]
    assert [type(number) for number in numbers[3:6]] == [int, int, int]
    assert math.isnan(parse_yaml(".nan"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bids: [1]\nbids: [2]\n", "line 2: the key 'bids' stands there a second time, after line 1"),
        ("a: 1\nb:\n  - {c: 1,\n     c: 2}\n", "line 4: the key 'b.c' stands there a second time, after line 3"),
        ("1: a\n1: b", "line 2: the key '1'"),
        ("'a': 1\na: 2", "line 2: the key 'a'"),
        ("? [a]\n: 1", "line 1: a key is a word"),
    ],
)
def test_a_key_stands_once(tmp_path, text, said):
    with pytest.raises(ValueError, match=said):
        parse_yaml(text)
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    for reads in (read_yaml, load, read_config):
        with pytest.raises(ValueError, match=f"twice.yaml', {said}"):
            reads(str(path))


def test_a_mistake_in_a_file_is_one_sentence(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"name: Ren\xe9\n")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    for name, said in [
        ("missing.yaml", "there is no market file"),
        ("latin.yaml", "no UTF-8 at byte 9"),
        ("list.yaml", "holds no mapping"),
        ("", "cannot be read"),
    ]:
        with pytest.raises(ValueError, match=said) as caught:
            read_yaml(tmp_path / name, "market file")
        assert "\n" not in str(caught.value)


def test_merge_keys_and_aliases_work_as_before():
    assert parse_yaml("a: &x {p: 1}\nb: {<<: *x, q: 2}") == {"a": {"p": 1}, "b": {"p": 1, "q": 2}}


def test_what_is_written_is_read_again():
    document = {"names": [*ODD, "1.5", ""], "numbers": [1e-7, 1e22, 3, 0.1], "none": None, "yes": True}
    assert parse_yaml(to_yaml(document)) == document


def test_bidders_whose_names_yaml_would_merge_stay_apart():
    text = "mechanism: {name: combinatorial, payment: first_price}\nitems: [A, B, 1]\nbids:\n"
    text += "".join(
        f"- {{bidder: {name}, bundle: [{item}], amount: 5}}\n" for name, item in zip(ODD, "AB1" * 9, strict=False)
    )
    cleared = clear_document(parse_yaml(text, names=NAMES))
    assert len(cleared.allocation) == len(ODD)
    assert set(cleared.winners) <= set(ODD)
    assert cleared.welfare == 15.0


def test_a_name_in_quotes_is_the_same_name_and_a_leading_zero_another():
    rows = "".join(f"- {{trader: {name}, side: buy, price: 1}}\n" for name in ["7", "'7'", "07"])
    cleared = clear_document(parse_yaml("mechanism: {name: continuous_double_auction}\norders:\n" + rows, names=NAMES))
    assert [order["trader"] for order in cleared.to_json()["book"]["bids"]] == [7, "07"]
