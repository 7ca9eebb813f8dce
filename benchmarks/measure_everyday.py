#!/usr/bin/env python3
"""Measures the everyday figures of docs/performance.md: groups, commands, `barnabas dev`, a cluster
that has much and does nothing.

    benchmarks/measure_everyday.py             all sections, builds with --config=opt first
    benchmarks/measure_everyday.py verbs dev   some of them

Sections: rebalance commits verbs dev idle. (Memory per group and heartbeats per CPU-second are
printed by `bazel run --config=opt //benchmarks:group_bench`, without a network.)
"""

import os
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bench import Bench, main, processes  # noqa: E402
import group_client  # noqa: E402

INITIAL_DELAY = 1.0


class Everyday(Bench):
    targets = {
        "rebalance: 100 members, end of the initial delay to stable, s": "<= 1",
        "dev: start to ready, one node, s": "<= 0.5",
        "verbs: slowest, ms": "<= 30",
    }

    def running(self, **settings):
        cluster = self.fresh({key.replace("_", "."): value for key, value in settings.items()})
        cluster.up()
        return cluster

    @staticmethod
    def first_broker(cluster):
        host, port = cluster.bootstrap.split(",")[0].rsplit(":", 1)
        return host, int(port)

    def rebalance(self):
        cluster = self.running(group_initial_rebalance_delay_ms=str(int(INITIAL_DELAY * 1000)))
        at = group_client.coordinator(*self.first_broker(cluster), "warm")
        group_client.settle(at, "warm", 1)
        for run in range(self.args.runs):
            group = f"hundred-{run}"
            address = group_client.coordinator(*self.first_broker(cluster), group)
            joined, stable = group_client.settle(address, group, 100)
            # New members within the delay prolong it once; what lies behind it is ours.
            self.note("rebalance: 100 members, end of the initial delay to stable, s",
                      round(stable - INITIAL_DELAY * round(joined / INITIAL_DELAY), 3), joined=joined)
            self.note("rebalance: 100 members, first join to stable, s", round(stable, 3))
        self.end(cluster)

    def commits(self):
        cluster = self.running()
        self.create(cluster, "committed", 1)
        first = self.first_broker(cluster)
        groups = [f"commits-{i}" for i in range(12)]
        pairs = [(group, group_client.coordinator(*first, group)) for group in groups]
        group_client.commit_rate(pairs, 1, depth=1)  # shards are loaded
        for _ in range(self.args.runs):
            before = sum(processes.cpu_seconds(n.pid) for n in cluster.nodes)
            rate = group_client.commit_rate(pairs, self.args.seconds)
            used = sum(processes.cpu_seconds(n.pid) for n in cluster.nodes) - before
            self.note("commits: durable offset commits per second, 12 groups", round(rate))
            self.note("commits: CPU us per commit, six processes",
                      round(used / (rate * self.args.seconds) * 1e6, 1))
        self.end(cluster)

    def verbs(self):
        cluster = self.running()
        self.create(cluster, "board", 3)
        subprocess.run(self.tool("barnabas", "produce", "board", "-q", "--bootstrap", cluster.bootstrap),
                       input="a\nb\n", text=True, check=True)
        address = group_client.coordinator(*self.first_broker(cluster), "readers")
        group_client.commit_rate([("readers", address)], 0.1, depth=1)
        verbs = ["status", "topic list", "topic describe board", "quorum status", "node list",
                 "group list", "group describe readers", "config get topic board", "version"]
        kafka = ["kafka-topics --list", "kafka-topics --describe --topic board",
                 "kafka-consumer-groups --list", "kafka-configs --describe --topic board"]
        medians = {}
        for verb in verbs + kafka:
            words = verb.split()
            where = (["--bootstrap-server", cluster.bootstrap] if words[0].startswith("kafka-")
                     else [] if verb == "version" else ["--controllers", cluster.controllers])
            times = []
            for _ in range(11):
                begun = time.monotonic()
                ran = subprocess.run(self.tool("barnabas", *words, *where), capture_output=True,
                                     text=True)
                times.append((time.monotonic() - begun) * 1000)
                if ran.returncode != 0:
                    print(f"  {verb}: exit {ran.returncode}: {ran.stderr.strip()}")
            medians[verb] = statistics.median(times)
            self.note(f"verbs: {verb}, ms", round(medians[verb], 1))
        self.note("verbs: slowest, ms", round(max(medians.values()), 1))
        self.end(cluster)

    def dev(self):
        for nodes in (1, 3):
            for _ in range(self.args.runs):
                begun = time.monotonic()
                ran = subprocess.run(
                    self.tool("barnabas", "dev", "--nodes", nodes, "--exec", "date +%s.%N"),
                    capture_output=True, text=True, cwd=self.args.dir)
                whole = time.monotonic() - begun
                if ran.returncode != 0:
                    print(f"  dev: exit {ran.returncode}: {ran.stderr.strip()}")
                    return
                ready = float(ran.stdout.split()[-1]) - (time.time() - whole)
                label = "one node" if nodes == 1 else "three nodes"
                self.note(f"dev: start to ready, {label}, s", round(ready, 3))
                self.note(f"dev: start, nothing to do, stop, {label}, s", round(whole, 3))

    def idle(self):
        cluster = self.running()
        for topic in range(10):
            self.create(cluster, f"idle-{topic}", 100)
        first = self.first_broker(cluster)
        members = []
        for i in range(100):
            group = f"idle-{i}"
            member = group_client.Member(group_client.coordinator(*first, group), group)
            members.append(member)
        threads = [threading.Thread(target=member.until_stable) for member in members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop = threading.Event()

        def beat():  # each member every three seconds, as clients do
            while not stop.is_set():
                for member in members:
                    if member.heartbeat() not in (0, 27):
                        raise RuntimeError("a member was thrown out")
                    time.sleep(3 / len(members))

        beating = threading.Thread(target=beat)
        beating.start()
        time.sleep(5)
        for _ in range(self.args.runs):
            before = sum(processes.cpu_seconds(n.pid) for n in cluster.nodes)
            time.sleep(self.args.idle_seconds)
            used = sum(processes.cpu_seconds(n.pid) for n in cluster.nodes) - before
            self.note("idle: 1,000 partitions x 3, 100 groups: processor, six processes, % of a core",
                      round(used / self.args.idle_seconds * 100, 2))
            memory = {n.name: processes.memory_kib(n.pid)[0] / 1024 for n in cluster.nodes}
            self.note("idle: 1,000 partitions x 3, 100 groups: largest broker, MiB",
                      round(max(v for k, v in memory.items() if k.startswith("broker")), 1))
            self.note("idle: 1,000 partitions x 3, 100 groups: largest controller, MiB",
                      round(max(v for k, v in memory.items() if k.startswith("controller")), 1))
        stop.set()
        beating.join()
        self.end(cluster)


SECTIONS = ["rebalance", "commits", "verbs", "dev", "idle"]

if __name__ == "__main__":
    sys.exit(main(Everyday, SECTIONS, __doc__, {}))
