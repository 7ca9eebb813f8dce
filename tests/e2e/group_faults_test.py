"""Consumer groups in trouble: members of different kinds together, a member that is paused, one
that is static, and a coordinator whose broker is killed in the middle of a rebalance.
"""

import signal
import struct

import harness
import wire
from groupcase import PARTITIONS, GroupTest
from harness import wait_until


class GroupFaults(GroupTest):
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
        wait_until("it has its partitions again",
                   lambda: again.owned == owned and again.alive(), 60)
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

    def test_all_brokers_are_killed_and_the_group_goes_on_where_it_was(self):
        members = [self.join("confluent"), self.join("kafka_python")]
        self.wait_shared(members)
        self.send(600)
        self.wait_processed()
        for broker in self.cluster.of("broker"):
            self.cluster.kill(broker)
        self.cluster.up()
        self.send(600)
        self.wait_processed()
        self.wait_shared(members)
        self.finish(members)


if __name__ == "__main__":
    harness.main()
