"""Group members by hand: many of them in one process, over Kafka's own protocol.

Only what measuring needs: FindCoordinator 0, JoinGroup 2, SyncGroup 1, Heartbeat 1, OffsetCommit 2.
"""

import socket
import struct
import threading
import time


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def blob(data):
    return struct.pack(">i", len(data)) + data


class Connection:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", 1 << 16)

    @staticmethod
    def frame(api, version, body):
        payload = struct.pack(">hhi", api, version, 1) + string("measure") + body
        return struct.pack(">i", len(payload)) + payload

    def answer(self):
        """The body behind the header of the next answer."""
        size = struct.unpack(">i", self.file.read(4))[0]
        return self.file.read(size)[4:]

    def ask(self, api, version, body):
        self.socket.sendall(self.frame(api, version, body))
        return self.answer()

    def close(self):
        self.file.close()
        self.socket.close()


def coordinator(host, port, group, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        connection = Connection(host, port)
        answer = connection.ask(10, 0, string(group))
        connection.close()
        error, _, length = struct.unpack_from(">hih", answer)
        if error == 0:
            found = answer[8:8 + length].decode()
            return found, struct.unpack_from(">i", answer, 8 + length)[0]
        if time.monotonic() > deadline:
            raise RuntimeError(f"no coordinator for {group}: error {error}")
        time.sleep(0.05)


class Member:
    """One member of one group; every() the steps of its life, each a request and its answer."""

    def __init__(self, address, group, session_ms=30_000, rebalance_ms=60_000):
        self.connection = Connection(*address)
        self.group, self.session_ms, self.rebalance_ms = group, session_ms, rebalance_ms
        self.id, self.generation, self.leads = "", -1, False

    def join(self):
        while True:
            answer = self.connection.ask(11, 2, string(self.group) + struct.pack(
                ">ii", self.session_ms, self.rebalance_ms) + string(self.id) + string("consumer")
                + struct.pack(">i", 1) + string("range") + blob(b"\0\0\0\0\0\0\0\0\0\0"))
            _, error, self.generation = struct.unpack_from(">ihi", answer)
            if error in (14, 15, 16):  # the coordinator is loading, or not there yet
                time.sleep(0.02)
                continue
            if error:
                raise RuntimeError(f"join: error {error}")
            break
        at, texts = 10, []
        for _ in range(3):
            length = struct.unpack_from(">h", answer, at)[0]
            texts.append(answer[at + 2:at + 2 + length].decode())
            at += 2 + length
        _, leader, self.id = texts
        self.leads = leader == self.id
        members = []
        for _ in range(struct.unpack_from(">i", answer, at)[0]):
            at += 4 if not members else 0
            length = struct.unpack_from(">h", answer, at)[0]
            members.append(answer[at + 2:at + 2 + length].decode())
            at += 2 + length
            at += 4 + struct.unpack_from(">i", answer, at)[0]
        return members

    def sync(self, members):
        """0, or the error: 27 means that the group rebalances again."""
        body = string(self.group) + struct.pack(">i", self.generation) + string(self.id)
        assigned = members if self.leads else []
        body += struct.pack(">i", len(assigned))
        for member in assigned:
            body += string(member) + blob(b"\0\0\0\0\0\0\0\0\0\0")
        return struct.unpack_from(">ih", self.connection.ask(14, 1, body))[1]

    def heartbeat(self):
        body = string(self.group) + struct.pack(">i", self.generation) + string(self.id)
        return struct.unpack_from(">ih", self.connection.ask(12, 1, body))[1]

    def until_stable(self):
        while True:
            if self.sync(self.join()) == 0:
                return


def settle(address, group, count):
    """`count` members join one group at once: seconds to the first answer of a join, and until all
    of them have their assignment."""
    first, errors = [], []
    begin = threading.Barrier(count + 1)

    def live(member):
        try:
            begin.wait()
            members = member.join()
            first.append(time.monotonic())
            if member.sync(members) != 0:
                member.until_stable()
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    members = [Member(address, group) for _ in range(count)]
    threads = [threading.Thread(target=live, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    begin.wait()
    for thread in threads:
        thread.join()
    stable = time.monotonic()
    for member in members:
        member.connection.close()
    if errors:
        raise errors[0]
    return min(first) - begun, stable - begun


def commit_rate(addresses, seconds, depth=64):
    """Durable commits per second of simple consumers: `depth` requests under way on each
    connection, (group, address) pairs as given. One partition each."""
    counts = [0] * len(addresses)
    end = time.monotonic() + seconds

    def commit(place, group, address):
        connection = Connection(*address)
        offset = 0
        while time.monotonic() < end:
            burst = b""
            for _ in range(depth):
                offset += 1
                burst += connection.frame(8, 2, string(group) + struct.pack(">i", -1) + string("")
                                          + struct.pack(">qi", -1, 1) + string("committed")
                                          + struct.pack(">iiq", 1, 0, offset) + string(""))
            connection.socket.sendall(burst)
            for _ in range(depth):
                answer = connection.answer()
                error = struct.unpack_from(">h", answer, len(answer) - 2)[0]
                if error not in (0, 14):  # 14: the coordinator is loading
                    raise RuntimeError(f"commit: error {error}")
                counts[place] += error == 0
        connection.close()

    threads = [threading.Thread(target=commit, args=(i, group, address))
               for i, (group, address) in enumerate(addresses)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begun)
