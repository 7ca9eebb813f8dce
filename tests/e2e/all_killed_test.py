"""All six processes are killed at once and started again, ten times, under load."""

import signal

import harness
import logfiles

ROUNDS = 10


class AllKilled(harness.ClusterTest):
    def test_after_10_deaths_of_the_whole_cluster_nothing_acknowledged_is_lost(self):
        cluster = self.cluster
        cluster.create("survivor", partitions=3, min_insync_replicas=2)
        producer = self.produce("survivor", "--rate", "3000", "--patience", "150")
        for _ in range(ROUNDS):
            producer.wait_progress(500)
            for node in cluster.nodes:  # in one breath
                cluster.signal(node, signal.SIGKILL)
            for node in cluster.nodes:
                cluster.kill(node)
            cluster.up()
            cluster.wait_in_sync("survivor")
        producer.wait_progress(500)
        summary = producer.finish()
        self.assert_faithful(summary)
        print(f"{ROUNDS} deaths: {summary['acked']} records, longest gap "
              f"{summary['longest_gap_ms']:.0f} ms")
        harness.wait_until("all replicas are the same, byte by byte",
                           lambda: not logfiles.damage_between(cluster, "survivor", 3), 10)


if __name__ == "__main__":
    harness.main()
