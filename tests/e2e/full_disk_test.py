"""A disk that is full: produce is refused with a retriable error, reading and deleting go on, and
writing resumes by itself."""

import os
import subprocess
import time
import unittest

import harness
from harness import wait_until

SIZE = 96 << 20


def can_mount():
    return bool(os.environ.get("BARNABAS_OWN_NETWORK")) and subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True).returncode == 0


@unittest.skipUnless(can_mount(), "a tmpfs of its own needs a mount namespace")
class FullDisk(harness.ClusterTest):
    controllers, brokers = 1, 1
    settings = {"log.dirs.free.min.bytes": 16 << 20, "log.segment.bytes": 4 << 20}

    @classmethod
    def setUpClass(cls):
        cls.cluster = harness.Barnabas(1, 1, cls.settings)
        cls.addClassCleanup(cls._end)
        disk = os.path.join(cls.cluster.directory, "broker-1")
        os.makedirs(disk)
        # Seen by this test and its children only (run.sh); gone with the last of them.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], check=True)
        cls.cluster.up()

    def test_a_full_disk_refuses_records_keeps_what_it_has_and_recovers_by_itself(self):
        cluster = self.cluster
        cluster.create("small", replicas=1)
        cluster.create("big", replicas=1)
        producer = self.produce("small", "--count", "1000")
        producer.process.wait(60)
        summary = producer.finish()

        begun = time.monotonic()
        lines = "".join("x" * 50_000 + "\n" for _ in range(SIZE // 50_000 + 200))
        ran = cluster.barnabas("produce", "big", "--timeout", "5s", stdin=lines, check=False)
        self.assertNotEqual(ran.returncode, 0)
        self.assertTrue(cluster.node("broker", 1).alive())

        # Retriable for the client; the broker's own sentence is in its log.
        self.assertIn(cluster.barnabas("produce", "small", "--timeout", "2s", stdin="one\n",
                                       check=False).returncode, (7, 8))
        self.assert_faithful(summary)
        self.assertGreater(len(cluster.barnabas("topic", "list", "-q").stdout), 0)

        filled = time.monotonic()
        cluster.barnabas("topic", "delete", "big")
        wait_until("records are taken again", lambda: cluster.barnabas(
            "produce", "small", "--timeout", "2s", stdin="one\n", check=False).returncode == 0, 60)
        print(f"filled and refused within {filled - begun:.1f} s, records taken again "
              f"{time.monotonic() - filled:.1f} s after the deletion")


if __name__ == "__main__":
    harness.main()
