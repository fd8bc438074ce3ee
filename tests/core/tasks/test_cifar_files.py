"""CIFAR's files: downloaded once, unpacked, compared with their MD5s, and said what to do about where that fails."""

import hashlib
import logging
import socket
import threading

import pytest
import torch
from tiny_cifar import TEST, TRAIN, serving, tiny

from core.errors import EnvironmentFailure


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def small():
    return tiny()


def place(small, folder):
    folder.mkdir(exist_ok=True)
    (folder / small.published.filename).write_bytes(small.archive)


@pytest.fixture
def unpacked(small, tmp_path):
    """A data folder with everything in it; nothing can be downloaded any more."""
    place(small, tmp_path)
    small.task().load(tmp_path)
    return tmp_path


def by_hand(small, folder):
    return (
        f"place {small.published.filename} (MD5 {hashlib.md5(small.archive).hexdigest()}, from {small.published.url}) "
        f"in {folder}, then: hlr-tui data get {small.task.NAME}"
    )


@pytest.mark.parametrize("classes", [10, 100])
def test_downloaded_images_are_the_published_ones_training_part_first(classes, tmp_path, capfd):
    small = tiny(classes)
    with serving(small.archive) as server:
        small.published.url = f"{server.url}/{small.published.filename}"
        data = small.task().load(tmp_path / "data")
    assert data.inputs.dtype == torch.uint8
    assert data.inputs.is_contiguous()
    assert torch.equal(data.inputs, torch.from_numpy(small.images))
    assert data.targets.tolist() == small.labels
    assert (data.shape.kind, data.shape.inputs, data.shape.outputs) == ("image", (3, 32, 32), (classes,))
    assert capfd.readouterr().out == ""
    again = small.task().load(tmp_path / "data")  # the server is gone
    assert torch.equal(again.inputs, data.inputs)
    assert again.checksum == data.checksum
    assert all(file.intact for file in small.task().files(tmp_path / "data"))


def test_processes_that_start_at_once_download_once(small, tmp_path, caplog):
    """Threads stand for processes: the lock belongs to the opened file, of which each has one."""
    waiting = threading.Semaphore(0)

    class Count(logging.Handler):
        def emit(self, record):
            if "waiting for another process" in record.getMessage():
                waiting.release()

    found, count = [], Count()
    logging.getLogger("core.tasks._download").addHandler(count)
    try:
        with serving(small.archive, opened=False) as server:
            small.published.url = f"{server.url}/{small.published.filename}"
            threads = [
                threading.Thread(target=lambda: found.append(small.task().load(tmp_path).checksum)) for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            assert all(waiting.acquire(timeout=10) for _ in range(2)), "the other two wait"
            server.opened.set()
            for thread in threads:
                thread.join(timeout=30)
    finally:
        logging.getLogger("core.tasks._download").removeHandler(count)
    assert len(found) == 3
    assert len(set(found)) == 1
    assert server.requests == 2, "one question for a redirection and one download"


def test_without_network_the_message_says_what_to_place_where(small, tmp_path):
    with pytest.raises(EnvironmentFailure) as failure:
        small.task().load(tmp_path)
    assert str(failure.value).startswith("cifar10: the archive cannot be downloaded: [Errno 111] Connection refused; ")
    assert by_hand(small, tmp_path) in str(failure.value)
    place(small, tmp_path)
    assert len(small.task().load(tmp_path).inputs) == TRAIN + TEST


def test_truncated_archive_is_named(small, tmp_path):
    archive = tmp_path / small.published.filename
    archive.write_bytes(small.archive[:-100])
    assert [(file.path, file.intact) for file in small.task().files(tmp_path)] == [(archive, False)]
    with pytest.raises(EnvironmentFailure) as failure:
        small.task().load(tmp_path)
    assert f"cifar10: damaged: {archive} (wrong MD5); the archive cannot be downloaded" in str(failure.value)
    assert by_hand(small, tmp_path) in str(failure.value)


@pytest.mark.parametrize("length", [-100, 0])
def test_truncated_download_is_refused_and_the_next_one_mends_it(small, tmp_path, length, caplog):
    with serving(small.archive[:length]) as server:
        small.published.url = f"{server.url}/{small.published.filename}"
        with pytest.raises(EnvironmentFailure) as failure:
            small.task().load(tmp_path)
        digest = hashlib.md5(small.archive[:length]).hexdigest()
        assert f"{tmp_path / small.published.filename}, as downloaded, is damaged: its MD5 is {digest};" in str(
            failure.value
        )
        assert by_hand(small, tmp_path) in str(failure.value)
        server.content = small.archive
        assert len(small.task().load(tmp_path).inputs) == TRAIN + TEST


@pytest.mark.parametrize("name", ["data_batch_2", "test_batch", "batches.meta"])
def test_damaged_file_is_unpacked_anew_and_reported(small, unpacked, name, caplog):
    path = unpacked / "cifar-10-batches-py" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert [file.path for file in small.task().files(unpacked) if not file.intact] == [path]
    data = small.task().load(unpacked)
    assert torch.equal(data.inputs, torch.from_numpy(small.images))
    assert f"{path} was damaged" in caplog.text
    assert path.read_bytes() == whole


def test_damaged_file_without_an_archive_is_named(small, unpacked):
    (unpacked / small.published.filename).unlink()
    assert len(small.task().load(unpacked).inputs) == TRAIN + TEST, "the archive is not needed once it is unpacked"
    path = unpacked / "cifar-10-batches-py" / "data_batch_1"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EnvironmentFailure) as failure:
        small.task().load(unpacked)
    assert str(failure.value).startswith(f"cifar10: damaged: {path} (wrong MD5); the archive cannot be downloaded")


def test_archive_with_other_files_than_the_published_ones_is_refused(small, tmp_path):
    place(small, tmp_path)
    small.published.test_list = [["test_batch", "0" * 32]]
    with pytest.raises(
        EnvironmentFailure, match=r"cifar10: what .*cifar-10-python\.tar\.gz holds is not the published"
    ):
        small.task().load(tmp_path)


def test_folder_that_cannot_be_written_is_named(small, tmp_path):
    (tmp_path / "data").write_text("a file where a folder is needed")
    with pytest.raises(EnvironmentFailure, match=r"cannot keep data in .*data \(see --data-dir\)"):
        small.task().load(tmp_path / "data")


def test_listing_tells_nothing_an_archive_and_missing_files_apart(small, tmp_path):
    assert small.task().files(tmp_path / "none") == []
    place(small, tmp_path)
    archive = tmp_path / small.published.filename
    assert [(file.path, file.size, file.intact) for file in small.task().files(tmp_path)] == [
        (archive, len(small.archive), True)
    ]
    small.task().load(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "test_batch").unlink()
    states = {file.path.name: (file.size > 0, file.intact) for file in small.task().files(tmp_path)}
    assert states.pop("test_batch") == (False, False)
    assert set(states) == {archive.name, "data_batch_1", "data_batch_2", "batches.meta"}
    assert set(states.values()) == {(True, True)}


def test_server_that_says_nothing_is_given_up_and_other_sockets_keep_their_patience(small, tmp_path, monkeypatch):
    monkeypatch.setattr("core.tasks._download.PATIENCE", 0.1)
    before = socket.getdefaulttimeout()
    with serving(small.archive, opened=False) as server:
        small.published.url = f"{server.url}/{small.published.filename}"
        with pytest.raises(EnvironmentFailure, match="cannot be downloaded: timed out; place"):
            small.task().load(tmp_path)
    assert socket.getdefaulttimeout() == before
