"""Logged answers asked again: the same bytes, or the difference is shown."""

import json
import subprocess
import sys

import msgspec
import pytest
from tests.serve.log.conftest import postgres, postgres_server  # noqa: F401 - fixtures
from tests.serve.models import churn, fees, sets, wide

import mainstay
from mainstay.apps.cli.app import run
from mainstay.contracts.errors import UsageError
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.log.open import open_log
from mainstay.serve.log.record import Entry
from mainstay.serve.replaying import Gap, replay

RUN = "00000000000000aa"
ROWS = [
    {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"},
    {"age": 120, "fee": 1e6, "plan": 'su"per', "city": "Bern"},
    {"fee": 3.25, "plan": "gold", "note": "ignored"},
    {"age": "64", "fee": "20", "plan": "plus", "city": "Zürich"},
]


def logged(bundle, rows, first=0, *, numbered=False):
    """Return entries as the server writes them for rows that are not refused."""
    model = ServedModel("churn", bundle)
    made = []
    for number, (row, one) in enumerate(zip(rows, model.answer_rows(rows, numbered=numbered), strict=True), first):
        assert one.error is None
        made.append(
            Entry(f"{RUN}-{number:010x}", 10**18 + number, "churn", model.digest, msgspec.json.encode(row), one.body, 9)
        )
    return made


def write(address, batch):
    log = open_log(address)
    log.record(batch)
    log.close(10)
    assert log.state.written == len(batch)


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "answers.db")


@pytest.mark.parametrize("numbered", [False, True], ids=["single rows", "batches"])
def test_every_kind_of_answer_is_the_same_bytes(place, numbered):
    bundles = [churn(), fees(), sets()]
    batch = []
    for number, bundle in enumerate(bundles):
        batch += logged(bundle, ROWS * 120, number * 480, numbered=numbered)
    write(place, batch)
    found = replay(place, bundles)
    assert (found.checked, found.same, found.different, found.ok) == (1440, 1440, 0, True)
    assert found.gaps == ()


@pytest.mark.parametrize("numbered", [False, True], ids=["single rows", "batches"])
def test_a_warning_of_a_whole_row_is_replayed_too(place, numbered):
    write(place, logged(wide(), [{"x1": 1}, {"first": 120, "second": 2}] * 20, numbered=numbered))
    found = replay(place, [wide()])
    assert (found.checked, found.same, found.ok) == (40, 40, True)


def test_a_changed_answer_and_changed_inputs_are_found(place):
    batch = logged(churn(), ROWS)
    text = batch[0].output
    at = text.index(b"0.") + 4
    digit = b"1" if text[at : at + 1] != b"1" else b"2"
    changed = batch[0]._replace(output=text[:at] + digit + text[at + 1 :])
    other_row = batch[1]._replace(inputs=b'{"age":5,"fee":1,"plan":"plus","city":"Bern"}')
    write(place, [changed, other_row, *batch[2:]])
    found = replay(place, [churn()])
    assert (found.checked, found.same, found.different, found.ok) == (4, 2, 2, False)
    assert [one.id for one in found.differences] == [changed.id, other_row.id]
    assert found.differences[0].stored == changed.output.decode()
    assert found.differences[0].recomputed == text.decode()


def test_a_row_that_is_refused_now_is_a_difference(place):
    (first,) = logged(churn(), ROWS[:1])
    write(place, [first._replace(inputs=b'{"age":31,"fee":null}'), first._replace(id=f"{RUN}-01", inputs=b'{"sex":1}')])
    found = replay(place, [churn()])
    assert found.different == 2
    assert all(one.recomputed.startswith("refused: ") for one in found.differences)


def test_inputs_that_are_no_row_are_counted(place):
    batch = logged(churn(), ROWS)
    odd = [b"", b"[1]", b'{"age":[1]}', b'{"age":"\xff"}']
    write(place, [one._replace(inputs=inputs) for one, inputs in zip(batch, odd, strict=True)])
    found = replay(place, [churn()])
    assert (found.checked, found.unreadable, found.ok) == (0, 4, False)


def test_other_models_are_left_alone_and_named(place):
    write(place, [*logged(churn(), ROWS), *logged(fees(), ROWS, 4)])
    found = replay(place, [fees()])
    assert (found.checked, found.other_model, found.other_digests, found.ok) == (4, 4, (churn().digest,), True)
    assert not replay(place, [sets()]).ok, "nothing at all could be checked"


def test_missing_ids_and_missing_numbers_are_told(place):
    batch = logged(churn(), ROWS * 3)
    write(place, batch[2:5] + batch[8:])
    found = replay(place, [churn()])
    assert found.gaps == (Gap(run=RUN, first=2, last=11, missing=3),)
    assert found.ok, "what was lost was counted when it was lost"
    asked = replay(place, [churn()], ids=[batch[2].id, batch[0].id, batch[0].id])
    assert (asked.checked, asked.missing_ids, asked.gaps, asked.ok) == (1, (batch[0].id,), (), False)


def test_it_works_on_postgresql(postgres):  # noqa: F811 - the fixture
    _, address = postgres
    write(address, logged(churn(), ROWS * 10))
    assert replay(address, [churn()], limit=30).same == 30


def test_the_verb_and_the_command_say_the_same(place, tmp_path, capfd):
    batch = logged(churn(), ROWS)
    model = tmp_path / "churn.mainstay"
    mainstay.Model(churn()).save(model)
    write(place, [*batch[:3], batch[3]._replace(output=b'{"prediction":"No"}')])
    result = mainstay.replay(place, model=model)
    assert not result.ok
    assert result.to_dict()["same"] == 3
    assert "3 of 4" in repr(result)
    assert batch[3].id in repr(result)
    assert run(["replay", place, "--model", str(model), "--json"]) == 1
    assert json.loads(capfd.readouterr().out) == json.loads(msgspec.json.encode(result.to_dict()))
    assert run(["replay", place, "-m", str(model)]) == 1
    assert batch[3].id in capfd.readouterr().out
    assert run(["replay", place, "-m", str(model), "--id", batch[0].id, "--id", batch[1].id]) == 0
    assert "2 of 2 logged answers are the same bytes" in capfd.readouterr().out
    assert run(["replay", place, "-m", str(model), "--id", "nobody"]) == 1
    assert "not in the log: nobody" in capfd.readouterr().out
    assert run(["replay", place, "-m", str(model), "--limit", "2"]) == 0
    assert run(["replay", place, "-m", str(model), "--since", "soon"]) == 2
    assert run(["replay", place + "x", "-m", str(model)]) == 2


def test_a_limit_must_be_some(place):
    with pytest.raises(UsageError, match="at least 1"):
        mainstay.replay(place, model=(), limit=0)


def test_a_server_that_logs_loads_the_database_library_only_then():
    program = "import sys, mainstay.serve.log.open, mainstay.serve.log.writer\nassert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_gaps_are_looked_for_in_a_whole_log_only(tmp_path):
    from mainstay.serve.replaying import _Replaying

    work = _Replaying([], [], whole=False)
    for number in (0, 9):
        work._note(type("Entry", (), {"id": f"{'a' * 16}-{number:010x}"})())
    assert work.report().gaps == ()
