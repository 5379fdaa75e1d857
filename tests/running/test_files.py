"""Files appear whole or not at all."""

import pytest

from stages.running.errors import InputError, report_input_errors
from stages.running.files import whole_folder, write_whole


def test_a_folder_appears_only_when_complete(tmp_path):
    target = tmp_path / "deep" / "folder"
    with whole_folder(target) as folder:
        (folder / "new").write_text("new")
        assert not target.exists()
    assert [file.name for file in target.iterdir()] == ["new"]
    with whole_folder(target) as folder:
        (folder / "newer").write_text("newer")
        assert [file.name for file in target.iterdir()] == ["new"]
    assert [file.name for file in target.iterdir()] == ["newer"]
    assert list(target.parent.iterdir()) == [target]


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path):
    target = tmp_path / "folder"
    with whole_folder(target) as folder:
        (folder / "old").write_text("old")

    def write_half():
        with whole_folder(target) as folder:
            (folder / "half").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert [file.name for file in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    unfinished = tmp_path / ".folder.unfinished"
    unfinished.mkdir()
    (unfinished / "half").write_text("half")
    with whole_folder(tmp_path / "folder") as folder:
        (folder / "new").write_text("new")
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["new"]


def test_a_text_replaces_the_old_one(tmp_path):
    file = tmp_path / "deep" / "text"
    write_whole(file, "old")
    write_whole(file, "σ ≥ 0\n")
    assert file.read_text(encoding="utf-8") == "σ ≥ 0\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_text_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = tmp_path / "text"
    write_whole(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_input_error_is_one_line_and_status_1():
    def main():
        raise InputError("this is wrong")

    with pytest.raises(SystemExit, match=r"^error: this is wrong$"):
        report_input_errors(main)
