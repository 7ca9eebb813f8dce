"""What the daemons refuse to do, and how they say it: one line with the cause and the way out, soon,
and with an exit code."""

import os
import shutil
import subprocess
import unittest

import harness
from harness import wait_until


class Refusals(harness.ClusterTest):
    def run_daemon(self, node, changes=None, text="", binary=None):
        """Runs a daemon in the foreground with that node's settings, changed; what it said."""
        properties = {**self.cluster.properties_of(node), **(changes or {})}
        path = os.path.join(self.cluster.directory, "refused.properties")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in properties.items()
                            if value is not None)
            file.write(text)
        binary = binary or {"controller": "barnabas-controller", "broker": "barnabas-broker"}[node.role]
        ran = subprocess.run(self.cluster.tool(binary, "--config", path), capture_output=True,
                             text=True, timeout=30)
        return ran.returncode, ran.stderr + ran.stdout

    def assert_refused(self, answer, *words):
        code, said = answer
        self.assertNotEqual(code, 0, said)
        self.assertGreater(code, 0, f"ended by a signal: {said}")
        for word in words:
            self.assertIn(word, said)
        self.assertLessEqual(len(said.strip().splitlines()), 6, said)

    def nodes(self):
        return self.cluster.node("broker", 1), self.cluster.node("controller", 1)

    def spare(self):
        """Changes that keep the daemon away from the running ones."""
        return {"log.dirs": os.path.join(self.cluster.directory, "spare"), "node.id": 1}

    def test_an_unknown_setting_is_refused_with_the_nearest_one_and_its_line(self):
        broker, controller = self.nodes()
        line = len({**self.cluster.properties_of(broker), **self.spare()}) + 1
        self.assert_refused(self.run_daemon(broker, self.spare(), "log.dir.s=/x\n"),
                            f"refused.properties:{line}:", "log.dir.s", "log.dirs")
        self.assert_refused(self.run_daemon(broker, self.spare(), "log.segment.byte=5\n"),
                            "log.segment.byte", "log.segment.bytes")
        self.assert_refused(self.run_daemon(controller, self.spare(), "controller.quorum.voter=x\n"),
                            "controller.quorum.voter", "controller.quorum.voters")

    def test_a_contradiction_is_refused_with_both_lines(self):
        for node in self.nodes():
            said = self.run_daemon(node, self.spare(), "node.id=2\n")
            self.assert_refused(said, "node.id")
            self.assertIn("node.id=1", said[1].replace(" ", ""))
            self.assertIn("node.id=2", said[1].replace(" ", ""))

    def test_a_bad_value_is_refused(self):
        broker, controller = self.nodes()
        self.assert_refused(self.run_daemon(broker, {**self.spare(), "node.id": "one"}), "node.id")
        self.assert_refused(
            self.run_daemon(controller, {**self.spare(), "controller.quorum.voters": "nonsense"}),
            "controller.quorum.voters")

    def test_a_listener_beyond_loopback_needs_to_be_allowed(self):
        broker, _ = self.nodes()
        self.assert_refused(
            self.run_daemon(broker, {**self.spare(), "listeners": "PLAINTEXT://0.0.0.0:29999"}),
            "allow.insecure.listener")

    def test_a_missing_settings_file_is_named(self):
        for binary in ("barnabas-broker", "barnabas-controller"):
            ran = subprocess.run(self.cluster.tool(binary, "--config", "/nonexistent/x.properties"),
                                 capture_output=True, text=True, timeout=30)
            self.assert_refused((ran.returncode, ran.stderr), "/nonexistent/x.properties")

    def test_a_port_that_is_in_use_is_refused_with_its_holder(self):
        broker, controller = self.nodes()
        self.assert_refused(self.run_daemon(broker, self.spare()), str(broker.port))
        self.assert_refused(self.run_daemon(controller, self.spare()), str(controller.port))

    def test_a_directory_that_another_process_uses_is_refused(self):
        broker, _ = self.nodes()
        port = harness.free_ports(1)
        self.assert_refused(
            self.run_daemon(broker, {"listeners": f"PLAINTEXT://127.0.0.1:{port}"}), "broker-1")

    def test_a_directory_of_another_broker_is_refused(self):
        broker = self.cluster.node("broker", 1)
        copy = os.path.join(self.cluster.directory, "copy")
        shutil.copytree(os.path.join(self.cluster.directory, "broker-2"), copy)
        port = harness.free_ports(1)
        self.assert_refused(
            self.run_daemon(broker, {"log.dirs": copy,
                                     "listeners": f"PLAINTEXT://127.0.0.1:{port}"}), "2")


class ForeignDirectory(unittest.TestCase):
    def test_data_of_another_cluster_is_refused_with_both_ids(self):
        clusters = [harness.Barnabas(1, 1), harness.Barnabas(1, 1)]
        ids = []
        for cluster in clusters:
            self.addCleanup(lambda c=cluster: [c.kill(node) for node in c.nodes])
            cluster.up()
            ids.append(cluster.asked("quorum", "status")["cluster_id"])
        self.assertNotEqual(*ids)
        first, second = clusters
        second.kill(second.node("broker", 1))
        first.stop([first.node("broker", 1)])
        stolen = os.path.join(second.directory, "broker-1")
        shutil.rmtree(stolen)
        shutil.copytree(os.path.join(first.directory, "broker-1"), stolen)
        node = second.node("broker", 1)
        second.start(node)
        wait_until("the broker has left", lambda: not node.alive(), 30)
        said = second.last_words(node)
        for cluster_id in ids:
            self.assertIn(cluster_id, said)


if __name__ == "__main__":
    harness.main()
