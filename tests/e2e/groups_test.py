"""Consumer groups with real clients: members that join, leave, are killed and paused, and a
coordinator that is killed in the middle of a rebalance. Whatever happens: within a generation a
partition has one owner, committed offsets never go back, and once all is calm every record has been
processed and none was skipped.
"""

import os
import signal
import struct
import subprocess
import sys
import threading
import unittest

import grouplog
import harness
import wire
from harness import wait_until

try:
    import aiokafka  # noqa: F401
    import confluent_kafka
    import kafka
except ImportError:
    confluent_kafka = kafka = None

PARTITIONS = 6
HERE = os.path.dirname(os.path.abspath(__file__))


class Member:
    """A process of member.py; its lines are read as they come."""

    def __init__(self, cluster, client, group, topic, *words):
        self.client, self.lines, self.records, self.owned = client, [], set(), set()
        self.process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, "member.py"), client, cluster.bootstrap, group,
             topic, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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


@unittest.skipIf(kafka is None, "tests/run.sh installs tests/requirements.txt")
class Groups(harness.ClusterTest):
    settings = {"group.initial.rebalance.delay.ms": "200", "group.min.session.timeout.ms": "1000",
                "offsets.topic.num.partitions": "8"}

    def setUp(self):
        self.group = self.topic = self._testMethodName.removeprefix("test_")[:60]
        self.cluster.create(self.topic, partitions=PARTITIONS, min_insync_replicas=2)
        self.everyone, self.sent = [], 0
        self.producer = confluent_kafka.Producer({"bootstrap.servers": self.cluster.bootstrap,
                                                  "linger.ms": 5, "enable.idempotence": True})

    def join(self, client, *words):
        member = Member(self.cluster, client, self.group, self.topic, "--session-ms", "3000", *words)
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

    def committed(self):
        found = {}
        for entry in grouplog.read(self.cluster, self.group, self.topic):
            if entry[0] == "offset":
                found[entry[1]] = entry[2]
        return found

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

    # ---- each client by itself, eager and cooperative

    def ups_and_downs(self, client, assignor):
        words = ("--assignor", assignor)
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

    def test_librdkafka_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("confluent", "range")

    def test_librdkafka_members_join_die_and_leave_cooperatively(self):
        self.ups_and_downs("confluent", "cooperative")

    def test_kafka_python_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("kafka_python", "range")

    def test_kafka_python_members_join_die_and_leave_cooperatively(self):
        self.ups_and_downs("kafka_python", "cooperative")

    def test_aiokafka_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("aiokafka", "range")

    # ---- together

    def test_three_kinds_of_clients_in_one_group_share_the_work(self):
        members = [self.join(client) for client in ("confluent", "kafka_python", "aiokafka")]
        self.send(900)
        self.wait_shared(members)
        self.send(900)
        self.finish(members)

    def test_a_paused_member_is_put_out_and_comes_back_without_harm(self):
        first, second = self.join("confluent"), self.join("confluent")
        self.wait_shared([first, second])
        self.send(600)
        first.signal(signal.SIGSTOP)
        self.send(600)
        wait_until("the other one has all partitions",
                   lambda: len(second.owned) == PARTITIONS and second.alive(), 60)
        self.wait_processed()
        first.signal(signal.SIGCONT)
        self.send(600)
        wait_until("it is back", lambda: 0 < len(second.owned) < PARTITIONS, 60)
        self.wait_shared([first, second])
        self.finish([first, second])

    def test_a_static_member_comes_back_without_a_rebalance(self):
        first = self.join("confluent", "--instance", "one")
        second = self.join("confluent", "--instance", "two")
        self.wait_shared([first, second])
        self.send(600)
        self.wait_processed()
        owned, seen = set(first.owned), len(second.lines)

        def changes():
            return [line for line in second.lines[seen:] if not line.startswith("committed")]

        first.kill()
        again = self.join("confluent", "--instance", "one")
        wait_until("it has its partitions again", lambda: again.owned == owned and again.alive(), 60)
        self.send(600)
        self.wait_processed()
        self.assertEqual(changes(), [], "the other member noticed")
        self.finish([again, second])

    # ---- the coordinator dies

    def coordinator(self):
        """The broker that coordinates the group, as any broker that answers names it."""
        for node in self.cluster.of("broker"):
            if node.alive():
                with wire.Connection(node.port) as connection:
                    answer = connection.ask(wire.header(10, 0) + wire.string(self.group))
                error, number = struct.unpack(">hi", answer[4:10])
                return self.cluster.node("broker", number) if error == 0 else None
        return None

    def test_the_coordinators_broker_is_killed_in_the_middle_of_a_rebalance(self):
        for assignor in ("range", "cooperative"):
            with self.subTest(assignor=assignor):
                self.group = f"coordinator-{assignor}"
                self.everyone, self.sent, self.topic = [], 0, self.group
                self.cluster.create(self.topic, partitions=PARTITIONS, min_insync_replicas=2)
                words = ("--assignor", assignor)
                members = [self.join("confluent", *words), self.join("kafka_python", *words)]
                self.wait_shared(members)
                self.send(600)
                victim = wait_until("somebody coordinates", self.coordinator)
                members.append(self.join("confluent", *words))
                self.cluster.kill(victim)
                self.send(600)
                self.wait_shared(members)
                self.cluster.restart(victim)
                self.send(600)
                self.wait_processed()
                self.wait_shared(members)
                self.finish(members)
                self.heal()


if __name__ == "__main__":
    harness.main()
