"""A JSON file that is no object is refused in one line."""

import pytest

from stages.handover.objects import read_json
from stages.running.errors import InputError


def test_an_object_is_read_with_its_values(tmp_path):
    (tmp_path / "made.json").write_text('{"device": "a processor", "× 2": [1, null]}', encoding="utf-8")
    assert read_json(tmp_path / "made.json") == {"device": "a processor", "× 2": [1, None]}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_named(tmp_path, content):
    file = tmp_path / "made.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"made\.json: [^\n]*damaged [^\n]*dvc repro[^\n]*$"):
        read_json(file)
