"""What tests of consumer groups share: members as processes, a topic that is sent to, and the
judgement at the end. Whatever happens to the members: within a generation a partition has one owner,
committed offsets never go back, and once all is calm every record has been processed and none was
skipped.
"""

import os
import signal
import subprocess
import sys
import threading
import unittest

import grouplog
import harness
from harness import wait_until

try:
    import confluent_kafka
except ImportError:
    confluent_kafka = None

PARTITIONS = 6
HERE = os.path.dirname(os.path.abspath(__file__))


def python_member(client, bootstrap, group, topic, session_ms, *words):
    return [sys.executable, "-B", os.path.join(HERE, "member.py"), client, bootstrap, group, topic,
            "--session-ms", str(session_ms), *words]


class Member:
    """A process of member.py, or of what speaks like it; its lines are read as they come."""

    def __init__(self, client, command):
        self.client, self.lines, self.records, self.owned = client, [], set(), set()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.errors = []
        for target in (self._listen, self._complain):
            threading.Thread(target=target, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            word, *numbers = line.split()
            if word == "record":
                self.records.add(tuple(map(int, numbers)))
                continue
            self.lines.append(line.strip())
            if word == "assigned":
                self.owned = self.owned | set(map(int, numbers))
            elif word in ("revoked", "lost"):
                self.owned = self.owned - set(map(int, numbers))

    def _complain(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def signal(self, number):
        self.process.send_signal(number)

    def leave(self):
        self.signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise AssertionError(f"{self.client} ended badly: {''.join(self.errors[-20:])}")

    def kill(self):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def alive(self):
        if self.process.poll() is not None:
            raise harness.Ended(f"{self.client} ended with {self.process.returncode}: "
                                f"{''.join(self.errors[-20:])}")
        return True

    def __repr__(self):
        return f"{self.client}{sorted(self.owned)}/{len(self.records)}"


@unittest.skipIf(confluent_kafka is None, "tests/run.sh installs tests/requirements.txt")
class GroupTest(harness.ClusterTest):
    settings = {"group.initial.rebalance.delay.ms": "200", "group.min.session.timeout.ms": "1000",
                "offsets.topic.num.partitions": "8"}

    def setUp(self):
        self.group = self.topic = self._testMethodName.removeprefix("test_")[:60]
        self.cluster.create(self.topic, partitions=PARTITIONS, min_insync_replicas=2)
        self.everyone, self.sent = [], 0
        self.producer = confluent_kafka.Producer({"bootstrap.servers": self.cluster.bootstrap,
                                                  "linger.ms": 5, "enable.idempotence": True,
                                                  "log_level": 0})

    command = staticmethod(python_member)

    def join(self, client, *words):
        member = Member(client, self.command(client, self.cluster.bootstrap, self.group,
                                             self.topic, 3000, *words))
        self.everyone.append(member)
        self.addCleanup(member.kill)
        return member

    def send(self, count):
        for number in range(self.sent, self.sent + count):
            self.producer.produce(self.topic, str(number), partition=number % PARTITIONS)
        self.assertEqual(self.producer.flush(60), 0)
        self.sent += count

    def processed(self):
        return set().union(*(set(member.records) for member in self.everyone))

    def wait_processed(self):
        """Everything that was sent has been processed by somebody; offsets are dense."""
        wanted = {(number % PARTITIONS, number // PARTITIONS) for number in range(self.sent)}
        wait_until(f"{self.sent} records are processed", lambda: wanted <= self.processed(), 60)
        self.assertEqual(self.processed() - wanted, set())

    def wait_shared(self, members):
        """All partitions are owned, each by one of the members, and each member owns some."""
        def shared():
            owned = [p for m in members for p in m.owned if m.alive()]
            return sorted(owned) == list(range(PARTITIONS)) and all(m.owned for m in members) \
                or None
        wait_until(f"{members} share the partitions", lambda: shared(), 60)

    def ups_and_downs(self, client, *words):
        """Members come, one is killed, one leaves; nothing is skipped."""
        first = self.join(client, *words)
        self.send(600)
        self.wait_shared([first])
        second = self.join(client, *words)
        self.wait_shared([first, second])
        self.send(600)
        self.wait_processed()
        third = self.join(client, *words)
        self.wait_shared([first, second, third])
        self.send(600)
        second.kill()
        self.wait_shared([first, third])
        self.send(600)
        first.leave()
        self.wait_shared([third])
        self.send(600)
        self.finish([third])

    def finish(self, members):
        """All leave; what the coordinator wrote down must tell a sound story."""
        self.wait_processed()
        for member in members:
            member.leave()
        wrong, committed = grouplog.judge(
            grouplog.read(self.cluster, self.group, self.topic))
        self.assertEqual(wrong, [])
        self.assertEqual(committed, {p: (self.sent - p + PARTITIONS - 1) // PARTITIONS
                                     for p in range(PARTITIONS)})
