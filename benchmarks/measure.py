#!/usr/bin/env python3
"""Measures the figures of docs/performance.md on a cluster of three controllers and three brokers.

    benchmarks/measure.py                      all sections, builds with --config=opt first
    benchmarks/measure.py start failover       some of them
    benchmarks/measure.py --runs 5 --out /tmp/figures.json

Sections: start idle failover controller throughput sync paced.
Each run's figure goes to --out as JSON; the table at the end shows median (lowest-highest). The
machine should do nothing else: the load average before each run is kept with it.
"""

import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bench import Bench, main, processes  # noqa: E402

# Short waits of the client, so that the cluster is what is measured; "defaults" is librdkafka as is.
FAST = ["--set", "retry.backoff.ms=20",
        "--set", "reconnect.backoff.ms=10", "--set", "reconnect.backoff.max.ms=100",
        "--set", "topic.metadata.refresh.fast.interval.ms=20"]
DEFAULTS = ["--set", "retry.backoff.ms=100", "--set", "reconnect.backoff.ms=100"]
TARGETS = {
    "start: six processes to the first acknowledged record, s": "<= 1",
    "idle: resident memory of the largest process, MiB": "<= 40",
    "idle: processor, six processes, % of a core": "<= 3",
    "failover: produce gap, leader SIGKILL, fast client, ms": "<= 500",
    "controller: SIGKILL to the next topic created, ms": "<= 500",
    "throughput: 1 KiB on disk, CPU-s per GB": "<= 5",
    "sync: on disk, CPU us per record": "<= 200",
    "sync: replicated, CPU us per record": "<= 200",
}


class MainJob(Bench):
    targets = TARGETS

    def start(self):
        for _ in range(self.args.runs):
            cluster = self.fresh()
            begun = time.monotonic()
            for node in cluster.nodes:
                cluster.start(node)
            cluster.wait_writable(watched=cluster.nodes)
            ready = time.monotonic() - begun
            self.barnabas(cluster, "topic", "create", "first", "-p", 1, "-r", 3)
            subprocess.run(self.tool("barnabas", "produce", "first", "-q", "--bootstrap",
                                     cluster.bootstrap, "-X", "linger.ms=0"), input="first\n",
                           text=True, check=True)
            self.note("start: six processes to the first acknowledged record, s",
                      round(time.monotonic() - begun, 3), ready=ready,
                      cpu=sum(processes.cpu_seconds(n.pid) for n in cluster.nodes))
            self.end(cluster)

    def idle(self):
        cluster = self.fresh()
        cluster.up()
        self.create(cluster, "idle", 3)
        self.kload(cluster, "produce", "--topic", "idle", "--count", 1000)
        time.sleep(5)  # what starting left behind is not idleness
        for _ in range(self.args.runs):
            before = {n.name: processes.cpu_seconds(n.pid) for n in cluster.nodes}
            time.sleep(self.args.idle_seconds)
            used = {n.name: processes.cpu_seconds(n.pid) - before[n.name] for n in cluster.nodes}
            memory = {n.name: round(processes.memory_kib(n.pid)[0] / 1024, 1) for n in cluster.nodes}
            self.note("idle: processor, six processes, % of a core",
                      round(sum(used.values()) / self.args.idle_seconds * 100, 2), by_process=used)
            self.note("idle: resident memory of the largest process, MiB", max(memory.values()),
                      by_process=memory)
            for role in ("broker", "controller"):
                self.note(f"idle: resident memory of a {role}, MiB", round(statistics.mean(
                    value for name, value in memory.items() if name.startswith(role)), 1))
        self.end(cluster)

    def failover(self):
        cluster = self.fresh()
        cluster.up()
        self.create(cluster, "fail", 1)
        for client, options in (("fast client", FAST), ("default client", DEFAULTS)):
            for _ in range(self.args.runs):
                self.in_sync(cluster, "fail")
                producer = subprocess.Popen(
                    self.tool("kload", "produce", "--bootstrap", cluster.bootstrap, "--topic", "fail",
                              "--rate", 500, "--linger-ms", 0, "--seconds", 6, "--timeout-ms", 60000,
                              *options), stdout=subprocess.PIPE, text=True)
                time.sleep(3)  # by now the preferred replica leads again
                leader = cluster.node("broker", self.topic(cluster, "fail")[0]["leader"])
                cluster.kill(leader)
                out = json.loads(producer.communicate()[0])
                self.note(f"failover: produce gap, leader SIGKILL, {client}, ms",
                          out["max_ack_gap_ms"], errors=out["errors"], records=out["records"])
                begun = time.monotonic()
                cluster.start(leader)
                cluster.wait_node(leader)
                self.in_sync(cluster, "fail")
                self.note("failover: broker restarted to all in sync, s",
                          round(time.monotonic() - begun, 2))
        self.end(cluster)

    def controller(self):
        cluster = self.fresh()
        cluster.up()
        for run in range(self.args.runs):
            self.barnabas(cluster, "topic", "create", f"before-{run}", "-p", 1, "-r", 3)
            active = cluster.node("controller", self.barnabas(cluster, "quorum", "status")["leader"])
            begun = time.monotonic()
            cluster.signal(active, 9)
            self.barnabas(cluster, "topic", "create", f"after-{run}", "-p", 1, "-r", 3)
            self.note("controller: SIGKILL to the next topic created, ms",
                      round((time.monotonic() - begun) * 1000, 1))
            cluster.kill(active)
            cluster.start(active)
            cluster.wait_node(active)
            cluster.wait("the quorum is whole", lambda: all(
                v["id"] == q["leader"] or int(v["lag"]) == 0 and 0 <= int(v["since_contact_ms"]) < 1000
                for q in [self.barnabas(cluster, "quorum", "status")] for v in q["voters"]))
        self.end(cluster)

    def throughput(self):
        for label, config in (("on disk", "durable"), ("replicated", "replicated")):
            cluster = self.fresh()
            cluster.up()
            self.create(cluster, "load", 6, "-c", f"acks.durability={config}")
            for _ in range(self.args.runs):
                out = self.kload(cluster, "produce", "--topic", "load", "--size", 1024, "--seconds",
                                 self.args.seconds)
                self.note(f"throughput: 1 KiB {label}, MB/s", out["mb_s"], detail=out)
                self.note(f"throughput: 1 KiB {label}, CPU-s per GB", out["server_cpu_s_per_gb"])
            peak = max(processes.memory_kib(n.pid)[1] for n in cluster.nodes) / 1024
            self.note(f"throughput: peak resident memory of a broker, {label}, MiB", round(peak, 1))
            self.end(cluster)

    def sync(self):
        for label, config in (("on disk", "durable"), ("replicated", "replicated")):
            cluster = self.fresh()
            cluster.up()
            self.create(cluster, "one", 1, "-c", f"acks.durability={config}")
            for _ in range(self.args.runs):
                out = self.kload(cluster, "sync", "--topic", "one", "--seconds", self.args.seconds)
                self.note(f"sync: {label}, p50 ms", round(out["ack_us"]["p50"] / 1000, 3), detail=out)
                self.note(f"sync: {label}, p99 ms", round(out["ack_us"]["p99"] / 1000, 3))
                self.note(f"sync: {label}, CPU us per record", out["server_cpu_us_per_record"])
            self.end(cluster)

    def paced(self):
        for label, config in (("on disk", "durable"), ("replicated", "replicated")):
            cluster = self.fresh()
            cluster.up()
            self.create(cluster, "paced", 6, "-c", f"acks.durability={config}")
            for _ in range(self.args.runs):
                out = self.kload(cluster, "e2e", "--topic", "paced", "--rate", 1000, "--linger-ms", 0,
                                 "--seconds", self.args.seconds + 3, "--warmup", 3,
                                 "--set", "max.in.flight=5")
                self.note(f"paced: 1,000/s {label}, end to end p50 ms",
                          round(out["e2e_us"]["p50"] / 1000, 3), detail=out)
                self.note(f"paced: 1,000/s {label}, end to end p99 ms",
                          round(out["e2e_us"]["p99"] / 1000, 3))
            self.end(cluster)


SECTIONS = ["start", "idle", "failover", "controller", "throughput", "sync", "paced"]

if __name__ == "__main__":
    sys.exit(main(MainJob, SECTIONS, __doc__, {"kload": "benchmarks/kload"}))
