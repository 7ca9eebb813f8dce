"""Replicas that lose their disk, that freeze and come back, and topics that are made anew."""

import os
import shutil
import signal

import harness
import logfiles
from harness import wait_until


class Replicas(harness.ClusterTest):
    def assert_same_everywhere(self, topic, partitions=1):
        self.cluster.wait_in_sync(topic)
        wait_until("all replicas are the same, byte by byte",
                   lambda: not logfiles.damage_between(self.cluster, topic, partitions), 10)

    def test_a_follower_whose_disk_was_wiped_is_rebuilt(self):
        cluster = self.cluster
        cluster.create("wiped", min_insync_replicas=2)
        producer = self.produce("wiped", "--rate", "3000")
        producer.wait_progress(1000)
        leader = cluster.leader("wiped")
        follower = next(node for node in cluster.of("broker") if node.number != leader)
        cluster.kill(follower)
        shutil.rmtree(os.path.join(cluster.directory, follower.name))
        producer.wait_progress(300)
        cluster.restart(follower)
        cluster.wait_in_sync("wiped")
        self.assert_faithful(producer.finish())
        self.assert_same_everywhere("wiped")
        found = logfiles.batches(
            logfiles.partition_directory(cluster, follower.number, "wiped", 0))
        self.assertEqual(found[0]["base"], 0)

    # S10: a wiped disk under a known broker id must not be elected over those that have the data.
    def test_S10_a_wiped_leader_does_not_lead_before_it_has_the_data_again(self):
        cluster = self.cluster
        self.heal()
        cluster.create("wiped-leader", min_insync_replicas=2)
        producer = self.produce("wiped-leader", "--count", "2000")
        producer.process.wait(60)
        leader = cluster.leader_node("wiped-leader")
        cluster.kill(leader)
        shutil.rmtree(os.path.join(cluster.directory, leader.name))
        cluster.restart(leader)
        self.assert_faithful(producer.finish())
        self.assert_same_everywhere("wiped-leader")

    def test_a_frozen_leader_that_comes_back_loses_and_invents_nothing(self):
        cluster = self.cluster
        self.heal()
        cluster.create("frozen", min_insync_replicas=2)
        # A client gives up a request to a silent broker after this time only.
        producer = self.produce("frozen", "--rate", "2000", "--set", "socket.timeout.ms=1500")
        for _ in range(3):
            producer.wait_progress(300)
            leader = cluster.leader_node("frozen")
            cluster.signal(leader, signal.SIGSTOP)
            self.addCleanup(cluster.signal, leader, signal.SIGCONT)
            cluster.wait_new_leader("frozen", leader.number)
            producer.wait_progress(300)
            cluster.signal(leader, signal.SIGCONT)
            wait_until("the broker that was frozen serves again",
                       lambda n=leader: n.alive() and cluster.knows(n.port, {n.number}), 30)
            cluster.wait_in_sync("frozen")
        self.assert_faithful(producer.finish())
        self.assert_same_everywhere("frozen")

    def test_a_topic_made_anew_under_the_same_name_holds_nothing_of_the_old_one(self):
        cluster = self.cluster
        self.heal()
        ids = set()
        for round_number in range(3):
            cluster.create("again", partitions=2, min_insync_replicas=2)
            ids.add(cluster.asked("topic", "describe", "again")["topics"][0]["id"])
            count = 500 + round_number
            producer = self.produce("again", "--count", str(count))
            producer.process.wait(60)
            judgement = self.assert_faithful(producer.finish())
            self.assertEqual((judgement["read"], judgement["others"]), (count, 0))
            cluster.barnabas("topic", "delete", "again")
            self.assertEqual(cluster.barnabas("topic", "describe", "again", check=False).returncode,
                             3)
        self.assertEqual(len(ids), 3)

    def test_a_topic_made_anew_while_a_broker_is_away_holds_nothing_of_the_old_one(self):
        cluster = self.cluster
        self.heal()
        cluster.create("away", min_insync_replicas=2)
        producer = self.produce("away", "--count", "500")
        producer.process.wait(60)
        self.assert_faithful(producer.finish())
        gone = cluster.of("broker")[-1]
        cluster.kill(gone)
        cluster.barnabas("topic", "delete", "away")
        cluster.restart(gone)  # it comes back with the old topic's records on its disk
        cluster.create("away", min_insync_replicas=2)
        producer = self.produce("away", "--count", "300")
        producer.process.wait(60)
        judgement = self.assert_faithful(producer.finish())
        self.assertEqual((judgement["read"], judgement["others"]), (300, 0))
        self.assert_same_everywhere("away")


if __name__ == "__main__":
    harness.main()
