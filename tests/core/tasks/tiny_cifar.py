"""A data set of a few images in the published format of CIFAR, and a server on this machine that gives its archive."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy
from torchvision.datasets import CIFAR10, CIFAR100

from core.tasks.cifar10 import Cifar10
from core.tasks.cifar100 import Cifar100

TRAIN, TEST = 40, 10

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the discard port."""


@dataclass
class Tiny:
    """A small data set: its images, its archive, torchvision's class for it and the task that reads it."""

    images: numpy.ndarray
    labels: list[int]
    archive: bytes
    published: Any
    task: type[Cifar10] | type[Cifar100]


def tiny(classes: int = 10) -> Tiny:
    random = numpy.random.RandomState(classes)
    images = random.randint(0, 256, (TRAIN + TEST, 3, 32, 32)).astype(numpy.uint8)
    labels = random.randint(0, classes, TRAIN + TEST).tolist()
    base, recipe = (CIFAR10, Cifar10) if classes == 10 else (CIFAR100, Cifar100)
    key = "labels" if classes == 10 else "fine_labels"

    def batch(low: int, high: int) -> dict[str, object]:
        return {"data": images[low:high].reshape(-1, 3072), key: labels[low:high], "batch_label": "tiny"}

    if classes == 10:
        parts = {"data_batch_1": batch(0, 30), "data_batch_2": batch(30, TRAIN), "test_batch": batch(TRAIN, None)}
    else:
        parts = {"train": batch(0, TRAIN), "test": batch(TRAIN, None)}
    parts[base.meta["filename"]] = {base.meta["key"]: [f"class {number}" for number in range(classes)]}
    files = {name: pickle.dumps(content, protocol=2) for name, content in parts.items()}
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{base.base_folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    archive = gzip.compress(buffer.getvalue(), mtime=0)  # the same bytes whenever it is made

    class Published(base):
        url = f"{NOWHERE}/{base.filename}"
        tgz_md5 = hashlib.md5(archive).hexdigest()
        train_list = [[name, sums[name]] for name in files if name.startswith(("data", "train"))]  # noqa: RUF012 # as there
        test_list = [[name, sums[name]] for name in files if name.startswith("test")]  # noqa: RUF012 # as there
        meta = {**base.meta, "md5": sums[base.meta["filename"]]}  # noqa: RUF012 # as there

    class Task(recipe):
        def published(self):
            return Published

    Task.TRAIN, Task.TEST = TRAIN, TEST
    return Tiny(images, labels, archive, Published, Task)


@dataclass
class Server:
    """Gives `content` for every path.

    Attributes:
        url: of the server, without a slash at its end.
        requests: how many have been answered.
        opened: no answer before this is set.
    """

    url: str
    content: bytes
    requests: int = 0
    opened: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(content: bytes, *, opened: bool = True) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.opened.wait(timeout=30)
            served.requests += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(served.content)))
            self.end_headers()
            self.wfile.write(served.content)

        def log_message(self, *words: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Server(f"http://127.0.0.1:{http.server_port}", content)
    if opened:
        served.opened.set()
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.opened.set()
        http.shutdown()
        thread.join()
        http.server_close()
