"""Data files out of folders and zips: what is found, what is refused, and that nothing is left behind."""

import errno
import stat
import tempfile
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.project import InputError
from helpers.read import files

ENDINGS = (".sav", ".csv")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where temporary folders go: must be empty after each test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


def pack(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def contents(place):
    with files.find(place, ENDINGS) as found:
        return {file.name: file.path.read_bytes() for file in found}


def refused(place):
    with pytest.raises(InputError) as error, files.find(place, ENDINGS):
        pass
    return str(error.value)


def test_files_in_folders_and_zips_below_a_folder(tmp_path):
    place = tmp_path / "place"
    (place / "deep" / "er").mkdir(parents=True)
    (place / ".converted").mkdir()
    for name in ("b.sav", "deep/er/A.SAV", "notes.txt", ".converted/old.sav", "deep/.hidden.csv"):
        (place / name).write_text(name)
    pack(
        place / "all.zip",
        {
            "data/x.sav": "1",
            "other/x.sav": "2",
            "read me.txt": "no",
            "__MACOSX/data/._x.sav": "junk",
            "__MACOSX/x.sav": "junk",
            "data/.y.csv": "junk",
        },
    )
    assert contents(place) == {
        "all.zip: data/x.sav": b"1",
        "all.zip: other/x.sav": b"2",
        "b.sav": b"b.sav",
        "A.SAV": b"deep/er/A.SAV",
    }


def test_one_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x")
    assert contents(path) == {"a.csv": b"x"}


def test_members_are_gone_after_the_context(tmp_path):
    with files.find(pack(tmp_path / "a.zip", {"a.sav": "1"}), ENDINGS) as found:
        (file,) = found
        assert file.path.is_file()
    assert not file.path.exists()


def test_nothing_there(tmp_path):
    assert "no such file or folder" in refused(tmp_path / "absent")
    (tmp_path / "a.txt").write_text("x")
    assert "holds none of .sav, .csv, .zip" in refused(tmp_path)
    assert refused(tmp_path / "a.txt").startswith("a.txt: this is none of .sav, .csv, .zip")


@pytest.mark.parametrize(
    "name",
    ["../a.sav", "/etc/a.sav", "data/../../a.sav", "..\\a.sav", "C:\\a.sav", "../harmless.txt"],
)
def test_paths_that_lead_out_of_the_zip(tmp_path, name):
    message = refused(pack(tmp_path / "bad.zip", {"good.sav": "1", name: "2"}))
    assert message.startswith("bad.zip: ")
    assert "its path leads out of the zip" in message
    assert "name the folder instead" in message


def test_links(tmp_path):
    link = zipfile.ZipInfo("a.sav")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    message = refused(pack(tmp_path / "bad.zip", {link: "/etc/passwd"}))
    assert "'a.sav' cannot be taken out: it is a link" in message


def test_encrypted_members(tmp_path):
    path = pack(tmp_path / "bad.zip", {"a.sav": "secret"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flags of a member
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert "it is encrypted" in refused(path)


def test_bomb(tmp_path):
    path = pack(tmp_path / "bomb.zip", {"a.sav": bytes(50_000_000)})
    assert path.stat().st_size < 100_000
    assert "packed more tightly than survey data can be" in refused(path)


def test_bomb_that_states_a_false_size(tmp_path):
    path = pack(tmp_path / "bomb.zip", {"a.sav": bytes(50_000_000)})
    content = path.read_bytes()
    true, false = (50_000_000).to_bytes(4, "little"), (50_000).to_bytes(4, "little")
    path.write_bytes(content.replace(true, false))
    # The zip is read no further than it states, and then does not match its checksum.
    assert "cut off or damaged" in refused(path)


@pytest.mark.parametrize("limit", ["MEMBER_BYTES", "TOTAL_BYTES"])
def test_size_limits(tmp_path, monkeypatch, limit):
    path = pack(tmp_path / "large.zip", {"a.sav": b"1" * 600, "b.sav": b"2" * 600})
    assert len(contents(path)) == 2
    monkeypatch.setattr(files, limit, 1000 if limit == "TOTAL_BYTES" else 500)
    assert "it unpacks to more than is allowed here" in refused(path)


def test_size_limit_counts_what_really_comes_out(tmp_path, monkeypatch):
    path = pack(tmp_path / "large.zip", {"a.sav": b"1" * 600, "b.sav": b"2" * 600})
    monkeypatch.setattr(files, "_check", lambda members, source: None)
    monkeypatch.setattr(files, "TOTAL_BYTES", 1000)
    assert "'b.sav' cannot be taken out: it unpacks to more" in refused(path)


def test_cut_off_zip(tmp_path):
    path = pack(tmp_path / "cut.zip", {"a.sav": bytes(range(256)) * 100})
    path.write_bytes(path.read_bytes()[:-30])
    assert refused(path).startswith("cut.zip: the zip is cut off or damaged")


PACKED = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", PACKED)
def test_damaged_member(tmp_path, method):
    content = np.random.default_rng(1).bytes(1000)
    path = pack(tmp_path / "damaged.zip", {"a.sav": content}, method)
    damaged = bytearray(path.read_bytes())
    damaged[300:340] = bytes(byte ^ 255 for byte in damaged[300:340])
    path.write_bytes(damaged)
    assert refused(path).startswith("damaged.zip: the zip is cut off or damaged")


def test_member_that_begins_before_the_zip(tmp_path):
    path = pack(tmp_path / "damaged.zip", {"a.sav": "1"})
    content = bytearray(path.read_bytes())
    content[-6] += 5  # where the last record says that the directory begins
    path.write_bytes(content)
    assert refused(path).startswith("damaged.zip: the zip is cut off or damaged")


@settings(max_examples=400)
@given(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8))
def test_wrong_bytes_anywhere_are_one_message(tmp_path_factory, place, wrong):
    """Or every file comes out as it was packed: some bytes of a zip do not matter."""
    members = {"a.sav": b"$FL2" * 50, "b/b.csv": b"1,2\n" * 20}
    path = pack(tmp_path_factory.getbasetemp() / "wrong.zip", members)
    content = bytearray(path.read_bytes())
    start = int(place * len(content))
    content[start : start + len(wrong)] = wrong
    path.write_bytes(content)
    with suppress(InputError), files.find(path, ENDINGS) as found:
        assert {file.path.read_bytes() for file in found} <= set(members.values())


def test_packed_by_a_method_that_python_does_not_know(tmp_path):
    """Windows packs by Deflate64: no fault of the download, so nothing is to be downloaded again."""
    path = pack(tmp_path / "windows.zip", {"a.sav": b"$FL2" * 50})
    content = bytearray(path.read_bytes())
    content[8] = content[content.index(b"PK\1\2") + 10] = 9
    path.write_bytes(content)
    message = refused(path)
    assert message.startswith("windows.zip: Python cannot unpack this kind of zip")
    assert "your system's own program" in message
    assert "ownload" not in message


def test_no_room_to_unpack(tmp_path, temporary, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_copy", full)
    message = refused(pack(tmp_path / "a.zip", {"a.sav": "1"}))
    assert message.startswith(f"a.zip: no room to unpack it in {temporary}")
    assert "TMPDIR" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "this is a web page, no .zip"),
        (b"\n<HTML>Sorry</HTML>", "this is a web page, no .zip"),
        (b"Rar!", "this is no .zip"),
    ],
)
def test_no_zip_at_all(tmp_path, content, told):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    message = refused(path)
    assert message.startswith("a.zip: ")
    assert told in message
    assert "ownload" in message
