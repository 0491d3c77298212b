"""Verification tells of every check, and a bad file is a result, not an error."""

import random

import msgspec
import pytest

from mainstay.bundle.archive import unfold, walk, write_archive
from mainstay.bundle.verify import CHECKS, verify
from mainstay.contracts.errors import UsageError


def failing(result):
    assert [check.name for check in result.checks] == list(CHECKS)
    assert result.ok == all(check.ok for check in result.checks)
    return next((check.name for check in result.checks if not check.ok), None)


def forged(data, **changes):
    archive = walk(data)
    parts = unfold(archive) | {name.replace("_", "."): text for name, text in changes.items()}
    return write_archive(parts, lambda members: msgspec.structs.replace(archive.manifest, members=members))


def test_a_good_bundle(data, tmp_path):
    (tmp_path / "a.mainstay").write_bytes(data)
    result = verify(tmp_path / "a.mainstay")
    assert failing(result) is None
    assert result.digest == walk(data).digest
    assert set(result.to_dict()) == {"digest", "ok", "checks"}
    assert result.to_dict()["checks"][0].keys() == {"name", "ok", "message"}


def test_each_check_can_fail(data, content):
    card = next(entry for entry in walk(data).entries if entry.name == "card.md")
    broken = bytearray(data)
    broken[card.begins] ^= 255
    answers = msgspec.to_builtins(content.golden)
    answers["rows"][0]["probabilities"] = [0.5, 0.5]
    cases = {
        "archive": data[:-1],
        "digests": bytes(broken),
        "documents": forged(data, outputs_json=b"{}"),
        "graph": forged(data, model_onnx=content.model.replace(b"\x03Exp", b"\x03Zip")),
        "load": forged(data, model_onnx=content.model.replace(b"\x03Exp", b"\x03Abs").replace(b"\x03Abs", b"\x03Not")),
        "golden": forged(data, golden_json=msgspec.json.encode(answers)),
        "evaluation": forged(data, evaluation_json=b"{}"),
    }
    for name, case in cases.items():
        result = verify(case)
        assert failing(result) == name, result
        assert "not checked" in result.checks[-1].message or name == "evaluation"
    assert verify(cases["archive"]).digest == ""
    assert verify(cases["golden"]).digest


def test_a_thousand_damaged_files_never_raise(data):
    chosen = random.Random(1)
    for _ in range(1000):
        broken = bytearray(data)
        for _ in range(chosen.randrange(1, 4)):
            broken[chosen.randrange(len(broken))] ^= 1 << chosen.randrange(8)
        assert verify(bytes(broken)).ok == (bytes(broken) == data)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        verify(tmp_path / "nowhere.mainstay")
