"""Processes by identity: a pid together with the time its process started.

A pid alone may belong to somebody else by now; the pair cannot. Every signal goes through a
descriptor of the process, opened before its start time is compared, so that no process is ever
ended that is not the one meant.
"""

import os
import signal
import time

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the name, None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def started(pid):
    """When the process started, in clock ticks since boot; None if there is none."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _threads(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def state(pid, start):
    """'running', 'paused' or 'dead'. A process that nobody has waited for yet is dead; one of which
    a thread is still on its way out is not: its ports and files are still taken."""
    fields = _stat(pid)
    if fields is None or int(fields[19]) != start:
        return "dead"
    if fields[0] in "ZX":
        return "dead" if _threads(pid) <= 1 else "running"
    return "paused" if fields[0] in "Tt" else "running"


def cpu_seconds(pid):
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def memory_kib(pid):
    """(resident now, highest so far) in KiB."""
    now = peak = 0
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    now = int(line.split()[1])
                elif line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
    except OSError:
        pass
    return now, peak


def send(pid, start, number):
    """Signals the process; False if it is not there any more."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if state(pid, start) == "dead":
            return False
        signal.pidfd_send_signal(descriptor, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


def reap(pid):
    """Takes the exit status if the process was our own child."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except OSError:
        pass


def wait_dead(pid, start, seconds):
    """True as soon as it is gone, False if it is still there at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        reap(pid)
        if state(pid, start) == "dead":
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
