"""What operators get wrong: every command says so in one line, and does nothing."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from mysqlcompat.__main__ import main
from redo.volume import LocalVolume
from redo.volumes import volume_path


def said(*words: object) -> tuple[int, str]:
    """Exit code of a command in this process, and what it says."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        code = main([str(word) for word in words])
    return code, text.getvalue()


def refused(*words: object) -> str:
    """The one line with which a command refuses."""
    code, text = said(*words)
    assert code == 1, text
    assert text.startswith("mysqlcompat: ") and text.count("\n") == 1, text
    return text


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a volume nobody serves."""
    path = tmp_path_factory.mktemp("operator") / "data"
    LocalVolume(str(volume_path(path, "main")), durable=False).close()
    return path


@pytest.mark.parametrize("words", [("volume", "list"), ("snapshot", "list"), ("storage", "status")])
def test_a_directory_that_is_not_there(words: tuple[str, ...], tmp_path: Path) -> None:
    assert "there is no" in refused(*words, "--data", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "file").write_text("")
    assert "there is no" in refused(*words, "--data", tmp_path / "file")


def test_the_system_says_no(data: Path, tmp_path: Path) -> None:
    """What the operating system refuses is named with its path."""
    (tmp_path / "file").write_text("")
    archive = f"file://{tmp_path}/archive"
    archived(tmp_path / "archived", archive)
    place = tmp_path / "file" / "new"
    line = refused("restore", "--from", archive, "--latest", "--data", place)
    assert "Not a directory" in line and str(tmp_path / "file") in line
    line = refused("keyring", "create", "/proc/keyring")
    assert "/proc/keyring" in line
    (data / "snapshots").write_text("in the way")
    try:
        line = refused("snapshot", "list", "--data", data)
    finally:
        (data / "snapshots").unlink()
    assert "snapshots: Not a directory" in line


def archived(path: Path, url: str) -> None:
    """A volume with an archive."""
    from redo.archived import NearVolume
    from redo.archiver import Archiver, ArchiveSettings

    volume = LocalVolume(str(path), durable=False)
    archiver = Archiver(NearVolume(volume.storage), ArchiveSettings(url, "main"))
    try:
        archiver.step()
    finally:
        archiver.stop()
        volume.close()


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/nothing"
    assert f"there is no archive at {url}" in refused("archive", "--from", url)
    assert not (tmp_path / "nothing").exists()


def test_a_moment_to_come(data: Path) -> None:
    """Nobody can go there: it is refused before anybody is disconnected."""
    line = refused("backtrack", "--to", "2100-01-01 00:00:00", "--data", data)
    assert "2100-01-01 00:00:00.000000 is in the future" in line


def test_a_zone_in_two_places(tmp_path: Path) -> None:
    zones = ("--zone", "az2=localhost:4002", "--zone", "az2=localhost:4003")
    assert "names a zone twice" in refused("serve", "--data", tmp_path / "data", *zones)


def test_storage_of_which_zone(data: Path) -> None:
    line = refused("storage", "--data", data)
    assert "'storage status'" in line and "--zone" in line


def test_archives_of_any_name(tmp_path: Path) -> None:
    """A directory's name is its name, whatever it would mean in a URL."""
    url = f"file://{tmp_path}/b #1 100% für uns"
    archived(tmp_path / "archived", url)
    assert (tmp_path / "b #1 100% für uns").is_dir()
    assert not list(tmp_path.glob("*%20*"))
    assert "  to  " in said("archive", "--from", url)[1]


def test_files_named_without_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (("secret", "own"), ("keyring", "create", "keys"), ("keyring", "rotate", "keys")):
        code, text = said(*words)
        assert code == 0, text
