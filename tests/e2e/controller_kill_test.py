"""The active controller is killed, again and again, while topics are created."""

import threading
import time

import harness

KILLS = 20


class Creator(threading.Thread):
    """Creates topics one after the other, and remembers which ones it was told are there."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.created, self.refused = cluster, [], []
        self.longest, self.ending = 0.0, threading.Event()

    def run(self):
        number = 0
        while not self.ending.is_set():
            name = f"made-{number}"
            begun = time.monotonic()
            ran = self.cluster.barnabas("topic", "create", name, "-p", "1", "-r", "3", "--timeout",
                                        "30s", check=False)
            self.longest = max(self.longest, time.monotonic() - begun)
            if ran.returncode == 0:
                self.created.append(name)
            else:
                self.refused.append((name, ran.returncode, ran.stderr))
            number += 1


class ControllerKill(harness.ClusterTest):
    def test_after_20_kills_every_topic_that_was_created_is_there_and_works(self):
        cluster = self.cluster
        creator = Creator(cluster)
        creator.start()
        self.addCleanup(creator.ending.set)
        for _ in range(KILLS):
            before = len(creator.created)
            active = cluster.active_controller()
            cluster.kill(active)
            harness.wait_until("topics are created again",
                               lambda b=before: len(creator.created) >= b + 3, 30)
            cluster.restart(active)
        creator.ending.set()
        creator.join(60)
        # A request whose first answer was lost is answered again, not done again (S3): no
        # "exists already", and nothing else either.
        self.assertEqual(creator.refused, [])
        self.assert_all_there(creator.created)
        print(f"{KILLS} kills: {len(creator.created)} topics created, the slowest in "
              f"{creator.longest * 1000:.0f} ms")

        # And the metadata outlives all controllers at once.
        for node in cluster.of("controller"):
            cluster.signal(node, 9)
        for node in cluster.of("controller"):
            cluster.kill(node)
        cluster.up()
        self.assert_all_there(creator.created)
        last = creator.created[-1]
        cluster.wait_in_sync(last)
        producer = self.produce(last, "--count", "1000")
        producer.process.wait(60)
        self.assert_faithful(producer.finish())

    def assert_all_there(self, names):
        listed = [topic["name"] for topic in self.cluster.asked("topic", "list")["topics"]]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual([name for name in names if name not in listed], [])


if __name__ == "__main__":
    harness.main()
