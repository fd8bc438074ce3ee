from __future__ import annotations

import os
import subprocess
import sys

import psutil

from core.storage.processes import is_alive, me


def test_this_process_is_alive_and_its_namesakes_are_not() -> None:
    host, pid, started = me()
    assert pid == os.getpid()
    assert is_alive(host, pid, started) is True
    assert is_alive(host, pid, started - 100) is False, "the pid was given again"
    assert is_alive("elsewhere.example", pid, started) is None


def test_a_killed_process_is_dead_before_and_after_it_is_reaped() -> None:
    host = me()[0]
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(child.pid).create_time()
    assert is_alive(host, child.pid, started) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert is_alive(host, child.pid, started) is False
    child.communicate()
    assert is_alive(host, child.pid, started) is False
