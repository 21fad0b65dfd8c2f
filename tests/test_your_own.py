"""The page "Your own policy, rule, prior, data" runs word for word; the reference of keys is what the models say."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import econo_env
from econo_env.catalogue import MARKETS, scenario_table
from econo_env.mechanisms.base import MECHANISMS
from econo_env.schema import kind_schema, reference, scenario_schema
from econo_env.training.cli import build
from econo_env.valuations.priors import PRIORS

DOCS = Path(__file__).parents[1] / "docs"


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": int | float,
    "integer": int,
    "null": type(None),
    "boolean": bool,
}
LIMITS = {
    "minimum": float.__ge__,
    "exclusiveMinimum": float.__gt__,
    "maximum": float.__le__,
    "exclusiveMaximum": float.__lt__,
}


def meets(value, schema, root):
    """Whether a document meets a schema, by the words that ours are made of."""
    if "$ref" in schema:
        return meets(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    holds = [value == schema.get("const", value), value in schema.get("enum", [value])]
    if "anyOf" in schema:
        holds.append(any(meets(value, part, root) for part in schema["anyOf"]))
    if "oneOf" in schema:
        holds.append(sum(meets(value, part, root) for part in schema["oneOf"]) == 1)
    if "type" in schema:
        holds.append(isinstance(value, TYPES[schema["type"]]))
        holds.append(isinstance(value, bool) == (schema["type"] == "boolean"))
    if isinstance(value, int | float):
        holds += [limit(float(value), float(schema[word])) for word, limit in LIMITS.items() if word in schema]
    if isinstance(value, list):
        holds.append(len(value) >= schema.get("minItems", 0))
        holds += [meets(one, schema.get("items", {}), root) for one in value]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        holds.append(set(value) >= set(schema.get("required", ())))
        holds.append(schema.get("additionalProperties") is not False or set(value) <= set(known))
        holds += [meets(one, known.get(key, {}), root) for key, one in value.items()]
    return all(holds)


def run(line):
    """A command of the page, in this process: importing everything anew for each would take longest."""
    done = CliRunner().invoke(build(), shlex.split(line)[1:])
    assert done.exit_code == 0, (line, done.exception)
    return done.stdout


def forget_what_it_registered():
    for table in (MECHANISMS, PRIORS):
        for row in table.outside():
            table.take_out(table.name_of(row))


def test_the_page_runs_word_for_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = (DOCS / "your_own.md").read_text().partition("## In a package of your own")[0]  # see tests/outside
    said = {}
    for path, kind, block in re.findall(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)```", text, re.DOTALL):
        if path:
            (tmp_path / path).write_text(block)
        elif kind == "python":
            exec(compile(block, "docs/your_own.md", "exec"), {})
            forget_what_it_registered()
        else:
            for line in block.strip().splitlines():
                said[line] = run(line)
    judged = json.loads((tmp_path / "judged.json").read_text())
    assert judged["played_by"] == {"bidder_0": "cautious", "bidder_1": "equilibrium"}
    assert judged["policy"] == "cautious against equilibrium"
    assert "utility_in_its_seats" in judged
    assert said["econo-env describe mine.yaml"].startswith("# mine_v0\n")
    assert json.loads(said["econo-env describe mine.yaml --schema"])["title"] == "mine_v0"
    assert len(said) == 8


def test_the_reference_of_keys_is_what_the_models_say():
    anew = "python -c 'import econo_env.schema as s; print(s.reference(), end=str())' > docs/scenario_keys.md"
    assert (DOCS / "scenario_keys.md").read_text() == reference(), f"write it anew: {anew}"


@pytest.mark.parametrize("market", MARKETS.rows())
def test_every_key_of_a_market_is_told(market):
    kind = MARKETS.rows()[market].config
    schema = kind_schema(kind)
    fields = {name for name, field in kind.model_fields.items() if not field.exclude}
    assert set(schema["properties"]) == fields | {"agents"}  # a list there is the population
    for name, entry in schema["properties"].items():
        assert entry.get("description"), f"{market}.{name} has no meaning in a docstring"
    assert not re.search(r'"(ge|gt|le|lt)":', json.dumps(schema))


@pytest.mark.parametrize("scenario", list(scenario_table().values()), ids=lambda scenario: scenario.id)
def test_scenarios_meet_their_schema_and_wrong_ones_do_not(scenario):
    schema = scenario_schema(scenario)
    document = json.loads(json.dumps(scenario.model_dump(mode="json")))
    assert meets(document, schema, schema)
    assert schema["properties"]["num_agents"]["default"] == scenario.num_agents
    wrong = [
        document | {"num_agents": 0},
        document | {"no_such_key": 1},
        document | {"mechanism": document.get("mechanism", {}) | {"no_such_parameter": 1}},
        document | {"mechanism": {"name": "no_such_rule"}},
    ]
    if "reserve" in document.get("mechanism", {}):
        wrong.append(document | {"mechanism": document["mechanism"] | {"reserve": -1}})
    for other in wrong:
        assert not meets(other, schema, schema)


def test_the_order_to_read_in_names_every_page():
    text = (DOCS / "README.md").read_text()
    assert set(re.findall(r"\((\w+\.md)\)", text)) == {path.name for path in DOCS.glob("*.md")} - {"README.md"}


def test_a_wrong_id_is_corrected():
    with pytest.raises(ValueError, match="did you mean 'first_price_v0'"):
        econo_env.load("first_prize_v0")
