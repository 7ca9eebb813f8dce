"""A broker that leads is killed, again and again, while records go in with acks=all."""

import harness
import logfiles
from harness import wait_until

KILLS = 20


class LeaderKill(harness.ClusterTest):
    def test_after_20_kills_every_acknowledged_record_is_there_once_unchanged_and_in_order(self):
        cluster = self.cluster
        cluster.create("killed", partitions=2, min_insync_replicas=2)
        producer = self.produce("killed", "--rate", "3000", "--patience", "120")
        leaders = []
        for _ in range(KILLS):
            producer.wait_progress(300)
            victim = cluster.leader_node("killed")
            leaders.append(victim.number)
            cluster.kill(victim)
            cluster.wait_new_leader("killed", victim.number)
            producer.wait_progress(300)
            cluster.restart(victim)
            cluster.wait_in_sync("killed")
        summary = producer.finish()
        judgement = self.assert_faithful(summary)
        print(f"{KILLS} kills of brokers {leaders}: {summary['acked']} records acknowledged, "
              f"longest gap {summary['longest_gap_ms']:.0f} ms, {judgement['read']} read back")
        cluster.wait_in_sync("killed")
        wait_until("all replicas are the same, byte by byte",
                   lambda: not logfiles.damage_between(cluster, "killed", 2), 10)

    def test_a_leader_that_stops_cleanly_hands_over_and_nothing_is_lost(self):
        cluster = self.cluster
        self.heal()
        cluster.create("handed", min_insync_replicas=2)
        producer = self.produce("handed", "--rate", "2000")
        producer.wait_progress(300)
        leader = cluster.leader_node("handed")
        cluster.stop([leader])
        cluster.wait_new_leader("handed", leader.number)
        producer.wait_progress(300)
        cluster.restart(leader)
        cluster.wait_in_sync("handed")
        self.assert_faithful(producer.finish())


if __name__ == "__main__":
    harness.main()
