"""Who holds a TCP port."""

import os
import socket


def is_free(port):
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _inodes(port):
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                next(file)
                for line in file:
                    fields = line.split()
                    if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                        found.add(fields[9])
        except OSError:
            continue
    return found


def holder(port):
    """'pid 4711 (nginx)', or 'another process' where /proc does not tell."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for pid in filter(str.isdigit, os.listdir("/proc")) if wanted else ():
        try:
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{descriptor}") in wanted:
                    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                        return f"pid {pid} ({file.read().strip()})"
        except OSError:
            continue
    return "another process"
