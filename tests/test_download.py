"""Every way in which a download can go wrong, against a server of our own; and that nothing half-done is left."""

import hashlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import MINUTES, copy_project, environment, make, wait_until
from helpers.project import InputError
from helpers.read import download

TALIS = download.SURVEYS["talis2018"]
NAME = "SPSS_2018_international.zip"


def zipped(*names, kind=zipfile.ZIP_DEFLATED):
    """A zip whose files cannot be made smaller, so that it is long enough to be cut."""
    made = random.Random(2018)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name in names:
            archive.writestr(name, b"$FL2" + made.randbytes(150_000))
    return buffer.getvalue()


WHOLE = zipped("BTGINTT3.sav", "BCGINTT3.sav")
HALF = len(WHOLE) // 2
PAGE = b"<!DOCTYPE html><html><body>Please accept our cookies</body></html>"


class Answers(BaseHTTPRequestHandler):
    """Answers each request as the next item of `server.plan` says, and the last item for good."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers["Range"])
        plan = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        self.close_connection = True
        plan(self)

    def send(self, body, status=200, length=None, **headers):
        self.send_response(status)
        length = len(body) if length is None else length
        for name, value in {"Content-Length": length, **headers}.items():
            if value != "":
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(content=WHOLE, cut=None, stall=False, obey=True, **headers):
    """Send content from where the request says (if `obey`), up to `cut`; then close, or `stall` saying nothing."""

    def answer(request):
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "")
        start = int(wanted[1]) if wanted and obey else 0
        if wanted and obey and start >= len(content):
            return request.send(b"", 416, Content_Range=f"bytes */{len(content)}")
        more = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        request.send(
            content[start:cut],
            206 if wanted and obey else 200,
            length=len(content) - start,
            **((more if wanted and obey else {}) | headers),
        )
        if stall:
            request.wfile.flush()
            silent(request)

    return answer


def silent(request):
    """Say nothing until the other side gives up."""
    request.server.waited_for |= not request.server.over.wait(MINUTES)


def error(code):
    return lambda request: request.send(b"<html>no</html>", code, Content_Type="text/html")


def redirect(to):
    return lambda request: request.send(b"", 302, Location=to)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    http = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    http.plan, http.asked, http.over, http.waited_for = [serve()], [], threading.Event(), False
    http.url = f"http://127.0.0.1:{http.server_port}/talis/{NAME}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http
    http.over.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "raw" / "talis"


def fetch(server, folder, **more):
    return download.fetch(server.url, folder, TALIS, **{"patience": MINUTES, "pauses": (0.01, 0.01)} | more)


def left(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def refused(server, folder, **more):
    """The message of a download that fails; nothing but a part file may be left."""
    with pytest.raises(InputError) as caught:
        fetch(server, folder, **more)
    assert set(left(folder)) <= {f"{NAME}.part"}
    return str(caught.value)


def tells_what_to_do_by_hand(message):
    return "TALIS 2018 database" in message and "SPSS" in message and "data/raw/talis/" in message and "URL=" in message


def test_whole_file_arrives_under_its_name_with_its_checksum(server, folder):
    said = fetch(server, folder)
    assert left(folder) == {NAME: WHOLE}
    assert f"SHA256={hashlib.sha256(WHOLE).hexdigest()}" in said
    assert server.asked == [None]


def test_what_is_there_and_whole_is_left_alone(server, folder):
    fetch(server, folder)
    before = (folder / NAME).stat().st_mtime_ns
    assert "nothing to do" in fetch(server, folder, sha256=hashlib.sha256(WHOLE).hexdigest())
    assert len(server.asked) == 1
    assert (folder / NAME).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("content", "word"),
    [(WHOLE[:HALF], "no whole zip"), (PAGE, "no whole zip"), (b"", "no whole zip")],
)
def test_what_is_there_and_not_whole_is_named_and_kept(server, folder, content, word):
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(content)
    with pytest.raises(InputError, match=word) as caught:
        fetch(server, folder)
    assert "Remove it" in str(caught.value)
    assert left(folder) == {NAME: content}
    assert server.asked == []


def test_a_second_download_waits_for_the_first(server, folder, capfd, monkeypatch):
    def slowly(request):
        request.send(WHOLE[:HALF], length=len(WHOLE))
        request.wfile.flush()
        waiting.wait(MINUTES)
        request.wfile.write(WHOLE[HALF:])

    def second():
        assert wait_until((folder / f"{NAME}.part").exists)
        said["second"] = fetch(server, folder)
        waiting.set()

    def acquire(lock, timeout=None):
        if timeout is None:  # it has been turned away once
            waiting.set()
        return first(lock, timeout)

    waiting, said, first = threading.Event(), {}, filelock.FileLock.acquire
    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    server.plan = [slowly, serve()]
    thread = threading.Thread(target=second)
    thread.start()
    fetch(server, folder)
    thread.join()
    assert left(folder) == {NAME: WHOLE}
    assert server.asked == [None]
    assert "there and whole" in said["second"]
    assert "waiting for it" in capfd.readouterr().out


@pytest.mark.parametrize("length", ["right", ""])
def test_what_is_too_large_is_refused_and_not_kept(server, folder, monkeypatch, length):
    """Whether the server says so before or only sends on and on."""
    monkeypatch.setattr(download, "LARGEST", HALF)

    def chunked(request):
        request.send(b"", length="", Transfer_Encoding="chunked")
        request.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(WHOLE), WHOLE))

    server.plan = [serve() if length else chunked]
    with pytest.raises(InputError, match=r"more than 0\.2 MB come from there"):
        fetch(server, folder)
    assert len(server.asked) == 1
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("length", ["right", ""])
def test_cut_off_midway_goes_on_where_it_was(server, folder, length):
    """Also where the first answer did not say how long the file is but came in chunks."""

    def chunked(request):
        request.send(b"", length="", Transfer_Encoding="chunked")
        request.wfile.write(b"%x\r\n%s\r\n" % (HALF, WHOLE[:HALF]))

    server.plan = [serve(cut=HALF) if length else chunked, serve(cut=HALF + 1000), serve()]
    fetch(server, folder)
    assert left(folder) == {NAME: WHOLE}
    assert server.asked == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]


def test_cut_off_again_and_again_keeps_the_part_for_next_time(server, folder):
    server.plan = [serve(cut=HALF)]
    message = refused(server, folder)
    assert left(folder) == {f"{NAME}.part": WHOLE[:HALF]}
    assert "3 times in a row" in message
    assert f"{NAME}.part, and the same command goes on" in message
    assert tells_what_to_do_by_hand(message)
    server.plan = [serve()]
    fetch(server, folder)
    assert left(folder) == {NAME: WHOLE}
    assert server.asked[-1] == f"bytes={HALF}-"


@pytest.mark.parametrize("answered", [True, False])
def test_stalled_connection_is_given_up_and_taken_up_again(server, folder, answered):
    server.plan = [serve(cut=HALF, stall=True) if answered else silent, serve()]
    fetch(server, folder, patience=0.5)
    assert not server.waited_for
    assert left(folder) == {NAME: WHOLE}
    assert len(server.asked) > 1  # on a busy machine a third time: another one seems to be stalled
    assert (server.asked[-1] or "").startswith("bytes=") is answered


def test_connection_that_stalls_each_time_is_one_message(server, folder):
    server.plan = [serve(cut=HALF, stall=True)]
    message = refused(server, folder, patience=0.2)
    assert "no data came for 0.2 s, 3 times in a row" in message
    assert tells_what_to_do_by_hand(message)
    assert WHOLE[:HALF].startswith(left(folder)[f"{NAME}.part"])


def test_server_that_ignores_the_range_starts_anew(server, folder):
    server.plan = [serve(cut=HALF), serve(obey=False)]
    fetch(server, folder)
    assert server.asked[1] == f"bytes={HALF}-"
    assert left(folder) == {NAME: WHOLE}


@pytest.mark.parametrize("sent", [f"bytes 0-{len(WHOLE) - 1}/{len(WHOLE)}", ""])
def test_server_that_sends_another_range_starts_anew(server, folder, sent):
    server.plan = [serve(cut=HALF), lambda r: r.send(WHOLE, 206, Content_Range=sent), serve()]
    fetch(server, folder)
    assert server.asked == [None, f"bytes={HALF}-", None]
    assert left(folder) == {NAME: WHOLE}


@pytest.mark.parametrize("content", [WHOLE, WHOLE + b"more"])
def test_part_as_long_as_the_file_or_longer(server, folder, content):
    """Stopped just before it got its name; or the server's file has become shorter."""
    folder.mkdir(parents=True)
    (folder / f"{NAME}.part").write_bytes(content)
    fetch(server, folder)
    assert left(folder) == {NAME: WHOLE}
    assert server.asked == [f"bytes={len(content)}-", None][: 1 + (content != WHOLE)]


def test_part_of_another_file_is_found_out(server, folder):
    """The lengths fit, and the end has a directory of the right files: the check sums tell."""
    other = zipped("BTGINTT3.sav", "BCGINTT3.sav", kind=zipfile.ZIP_STORED)
    server.plan = [serve(other, cut=HALF)]
    refused(server, folder)
    server.plan = [serve()]
    message = refused(server, folder)
    assert "no whole zip file" in message
    assert "starts anew" in message
    assert left(folder) == {}
    fetch(server, folder)
    assert left(folder) == {NAME: WHOLE}


@pytest.mark.parametrize("have", [b"", WHOLE[:HALF]])
@pytest.mark.parametrize("kind", ["text/html", "application/zip"])
def test_web_page_instead_of_a_zip(server, folder, have, kind):
    """What was there before is not given up for a page."""
    if have:
        folder.mkdir(parents=True)
        (folder / f"{NAME}.part").write_bytes(have)
    server.plan = [serve(PAGE, obey=False, Content_Type=kind)]
    message = refused(server, folder)
    assert f"something else ({kind})" in message
    assert tells_what_to_do_by_hand(message)
    assert left(folder) == ({f"{NAME}.part": have} if have else {})
    assert len(server.asked) == 1


def test_truncated_zip(server, folder):
    server.plan = [serve(WHOLE[:-500])]
    message = refused(server, folder)
    assert "no whole zip file" in message
    assert tells_what_to_do_by_hand(message)
    assert left(folder) == {}


def test_zip_without_spss_files(server, folder):
    server.plan = [serve(zipped("BTGINTT3.sas7bdat"))]
    assert "no data file (*.sav)" in refused(server, folder)
    assert left(folder) == {}


def test_checksum(server, folder):
    right = hashlib.sha256(WHOLE).hexdigest()
    message = refused(server, folder, sha256="0" * 64)
    assert right in message
    assert "0" * 64 in message
    assert tells_what_to_do_by_hand(message)
    assert left(folder) == {}
    assert "as expected" in fetch(server, folder, sha256=f" {right.upper()}\n")
    with pytest.raises(InputError, match="SHA256"):
        fetch(server, folder, sha256="0" * 64)
    assert left(folder) == {NAME: WHOLE}


def test_checksum_that_cannot_be_one(server, folder):
    assert "64 digits" in refused(server, folder, sha256="abc")
    assert server.asked == []


@pytest.mark.parametrize(("code", "times"), [(404, 1), (403, 1), (500, 3), (503, 3), (429, 3)])
def test_error_of_the_server(server, folder, code, times):
    server.plan = [error(code)]
    message = refused(server, folder)
    assert f"the server answers {code}" in message
    assert tells_what_to_do_by_hand(message)
    assert len(server.asked) == times
    assert not folder.exists()


def test_error_that_passes(server, folder):
    server.plan = [error(503), serve(cut=HALF), error(500)]
    refused(server, folder)
    server.plan = [error(500), serve()]
    fetch(server, folder)
    assert server.asked[-3:] == [f"bytes={HALF}-"] * 3
    assert left(folder) == {NAME: WHOLE}


def test_empty_answer_leaves_what_was_there(server, folder):
    server.plan = [serve(cut=HALF), serve(cut=0, obey=False)]
    assert "sent nothing" in refused(server, folder)
    assert left(folder) == {f"{NAME}.part": WHOLE[:HALF]}


def test_redirect_is_followed_with_the_range(server, folder):
    server.plan = [serve(cut=HALF), redirect("/elsewhere/file"), serve()]
    fetch(server, folder)
    assert server.asked == [None, f"bytes={HALF}-", f"bytes={HALF}-"]
    assert left(folder) == {NAME: WHOLE}


@pytest.mark.parametrize("to", ["http://data.invalid/x.zip", "ftp://data.invalid/x.zip"])
def test_redirect_to_an_address_that_is_not_safe(server, folder, to):
    server.plan = [redirect(to)]
    message = refused(server, folder)
    assert to in message
    assert "https://" in message
    assert len(server.asked) == 1


def test_redirect_without_end(server, folder):
    server.plan = [redirect(f"/{NAME}")]
    assert "302" in refused(server, folder)


def test_host_that_cannot_be_reached(server, folder):
    server.shutdown()
    server.server_close()
    message = refused(server, folder)
    assert "cannot be reached" in message
    assert tells_what_to_do_by_hand(message)
    assert not folder.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://webfs.oecd.org/talis/x.zip",
        "ftp://webfs.oecd.org/x.zip",
        "file:///etc/x.zip",
        "http://localhost.example.org/x.zip",
        "http://localhost@example.org/x.zip",
        "https:///x.zip",
        "https://example.org/a b.zip",
        "https://example.org/x.zip?a b",
        "https://example.org/ü.zip",
        "webfs.oecd.org/x.zip",
        "https://webfs.oecd.org/talis/index.html",
        "https://webfs.oecd.org/talis/",
        "https://webfs.oecd.org/..%2F..%2Fx.zip",
    ],
)
def test_address_that_cannot_be_used(url, folder):
    with pytest.raises(InputError, match=r"no address|not the address") as caught:
        download.fetch(url, folder, TALIS, patience=0.01, pauses=())
    assert url in str(caught.value)
    assert not folder.exists()


def test_the_address_given_is_one_that_can_be_used():
    names = {key: download._name(survey.url) for key, survey in download.SURVEYS.items()}
    assert names == {
        "talis2018": NAME, "pisa2015": "PUF_SPSS_COMBINED_CMB_TCH_QQQ.zip", "pisa2018": "SPSS_TCH_QQQ.zip",
        "gti": "569866-GTI Data csv.zip",
    }  # fmt: skip


def test_too_little_room(server, folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    assert "are needed and 0.0 MB are free" in refused(server, folder)
    assert left(folder) == {}


@settings(max_examples=150)
@given(length=st.integers(0, len(WHOLE) - 1))
def test_no_beginning_of_a_zip_passes_for_the_whole(tmp_path_factory, length):
    path = tmp_path_factory.getbasetemp() / "cut.zip"
    path.write_bytes(WHOLE[:length])
    assert download._fault(path, "", ".sav")


SMALL = io.BytesIO()
with zipfile.ZipFile(SMALL, "w", zipfile.ZIP_DEFLATED) as small:
    small.writestr("BTGINTT3.sav", b"$FL2" * 50)


@settings(max_examples=300)
@given(
    place=st.integers(0, len(SMALL.getvalue()) - 1),
    bytes_=st.binary(min_size=1, max_size=8),
)
def test_a_zip_with_wrong_bytes_in_it_is_told_and_raises_nothing(tmp_path_factory, place, bytes_):
    """Or its content is what it was: not every byte of a zip matters (times, attributes)."""
    content = bytearray(SMALL.getvalue())
    content[place : place + len(bytes_)] = bytes_
    path = tmp_path_factory.getbasetemp() / "wrong.zip"
    path.write_bytes(content)
    if download._fault(path, "", ".sav") == "":
        with zipfile.ZipFile(path) as archive:
            (entry,) = archive.infolist()
            assert entry.compress_type == download._DEFLATE64 or (archive.read(entry) == b"$FL2" * 50)


def test_compression_that_python_cannot_undo_is_no_damage(tmp_path):
    """The size is right and the directory whole; what is inside only another program can check."""
    content = bytearray(SMALL.getvalue())
    content[8] = content[content.index(b"PK\1\2") + 10] = download._DEFLATE64
    path = tmp_path / NAME
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive, pytest.raises(NotImplementedError):
        archive.read("BTGINTT3.sav")
    assert download._fault(path, "", ".sav") == ""


@pytest.fixture
def project(tmp_path):
    return copy_project(tmp_path / "project", notebooks=False)


def test_make_target(server, project):
    raw = project / "data" / "raw" / "talis"
    server.plan = [error(404)]
    done = make(project, "talis-data", f"TALIS_URL={server.url}")
    assert done.returncode != 0
    assert tells_what_to_do_by_hand(done.stderr)
    assert "Traceback" not in done.stderr
    assert not raw.exists()
    server.plan = [serve()]
    done = make(project, "talis-data", TALIS_URL=server.url)
    assert done.returncode == 0, done.stderr
    assert left(raw) == {NAME: WHOLE}
    assert f"data/raw/talis/{NAME}" in done.stdout
    done = make(project, "talis-data", f"TALIS_URL={server.url}", f"TALIS_SHA256={'0' * 64}")
    assert done.returncode != 0
    assert "SHA256" in done.stderr


def test_each_survey_has_its_folder(server, project):
    whole = zipped("GTI Data csv/GTI-Teacher-Data.csv")
    server.plan = [serve(whole)]
    done = make(project, "fetch", "SURVEY=gti", f"URL={server.url}")
    assert done.returncode == 0, done.stderr
    assert left(project / "data" / "raw" / "gti") == {NAME: whole}


@pytest.mark.parametrize(("key", "told"), [("talis2024", "register"), ("pirls", "gti"), ("", "Say which")])
def test_what_cannot_be_fetched_is_told(project, key, told):
    done = make(project, "fetch", f"SURVEY={key}")
    assert done.returncode != 0
    assert told in done.stderr


def test_a_folder_that_cannot_be_written_is_no_traceback(server, project):
    (project / "data" / "raw").mkdir(exist_ok=True)
    (project / "data" / "raw" / "talis").write_text("a file in its place")
    done = make(project, "talis-data", f"TALIS_URL={server.url}")
    assert done.returncode != 0
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupt_leaves_the_part_alone_and_says_so(server, project):
    server.plan = [serve(cut=HALF, stall=True)]
    part = project / "data" / "raw" / "talis" / f"{NAME}.part"
    running = subprocess.Popen(
        [sys.executable, "-m", "helpers.read.download"],
        env=environment(SURVEY="talis2018", URL=server.url, PYTHONPATH=str(project / "src"), no_proxy="*"),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_until(part.exists, running)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=MINUTES)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "Stopped. What came" in said
    assert "Traceback" not in said
    [(name, content)] = left(part.parent).items()
    assert name == part.name
    assert WHOLE[:HALF].startswith(content)


def test_progress_is_shown_on_a_terminal(server, project):
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    server.plan = [serve(cut=HALF), serve()]
    running = subprocess.Popen(
        [sys.executable, "-m", "helpers.read.download"],
        env=environment(SURVEY="talis2018", URL=server.url, PYTHONPATH=str(project / "src"), no_proxy="*"),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = ""
    with (
        suppress(OSError),
        open(ours, encoding="utf-8", newline="") as terminal,
    ):  # its end is an error
        for line in terminal:
            shown += line
    assert running.wait() == 0
    assert re.search(rf"{NAME}: +50%", shown)
    assert re.search(rf"{NAME}: 100%", shown)
    assert shown.count("trying again") == 1
