"""What the measuring scripts share: throw-away clusters, the tools, the table of figures, the command
line."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "deploy", "cluster"))

import processes  # noqa: E402,F401
from build import build  # noqa: E402
from cluster import Cluster, ClusterError  # noqa: E402


class Bench:
    targets = {}
    def __init__(self, args):
        self.args = args
        self.figures = {}
        self.runs = []
        self.binaries = args.bin

    # ---- the cluster

    def fresh(self, settings=None):
        """A new, empty cluster that does not run yet."""
        directory = tempfile.mkdtemp(prefix="run-", dir=self.args.dir)
        cluster = Cluster(directory)
        cluster.settings = dict(settings or {})
        cluster.bin = self.binaries
        cluster.define(3, 3, self.args.controller_port, self.args.kafka_port)
        return cluster

    def end(self, cluster):
        for node in cluster.nodes:
            cluster.kill(node)
        shutil.rmtree(cluster.directory, ignore_errors=True)

    def tool(self, name, *words):
        return [os.path.join(self.binaries, name), *map(str, words)]

    def barnabas(self, cluster, *words):
        ran = subprocess.run(self.tool("barnabas", *words, "--format", "json", "--controllers",
                                       cluster.controllers), capture_output=True, text=True)
        if ran.returncode != 0:
            raise ClusterError(f"run barnabas {' '.join(map(str, words))}", ran.stderr)
        return json.loads(ran.stdout)

    def create(self, cluster, topic, partitions, *more):
        self.barnabas(cluster, "topic", "create", topic, "-p", partitions, "-r", 3,
                      "-c", "min.insync.replicas=2", *more)
        self.in_sync(cluster, topic)

    def topic(self, cluster, name):
        return self.barnabas(cluster, "topic", "describe", name)["topics"][0]["partitions"]

    def in_sync(self, cluster, topic):
        cluster.wait(f"{topic} is in sync", lambda: all(
            p["leader"] >= 0 and len(p["in_sync"]) == 3 for p in self.topic(cluster, topic)), 60)

    def kload(self, cluster, mode, *words):
        pids = ",".join(str(node.pid) for node in cluster.nodes if node.alive())
        ran = subprocess.run(self.tool("kload", mode, "--bootstrap", cluster.bootstrap, "--pids", pids,
                                       *words), capture_output=True, text=True)
        if ran.returncode not in (0, 3):
            raise ClusterError(f"run kload {mode}", ran.stderr)
        return json.loads(ran.stdout)

    def note(self, figure, value, **more):
        self.figures.setdefault(figure, []).append(value)
        self.runs.append({"figure": figure, "value": value, "load": os.getloadavg()[0], **more})
        print(f"  {figure}: {value:g}", flush=True)

    def report(self):
        print(f"\n{'figure':<62}{'median':>10}  {'(lowest-highest)':<20}target")
        for figure, values in self.figures.items():
            print(f"{figure:<62}{statistics.median(values):>10g}  "
                  f"{f'({min(values):g}-{max(values):g})':<20}{self.targets.get(figure, '')}")
        if self.args.out:
            with open(self.args.out, "w", encoding="utf-8") as file:
                json.dump({"cores": os.cpu_count(), "runs": self.runs}, file, indent=1)


def main(bench_class, sections, doc, tools, more_options=None):
    """Runs the sections that the command line names. `tools`: more binaries and their packages."""
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(sections))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="of one load run")
    parser.add_argument("--idle-seconds", type=int, default=20)
    parser.add_argument("--dir", default=None, help="where the clusters' data goes; default: /tmp")
    parser.add_argument("--bin", help="a directory with the binaries: build nothing")
    parser.add_argument("--out", help="a JSON file for every single run")
    parser.add_argument("--kafka-port", type=int, default=27092)
    parser.add_argument("--controller-port", type=int, default=27640)
    if more_options:
        more_options(parser)
    args = parser.parse_args()
    unknown = [name for name in args.sections if name not in sections]
    if unknown:
        parser.error(f"there is no section {unknown[0]}; there are {' '.join(sections)}")
    args.dir = tempfile.mkdtemp(prefix="barnabas-measure-", dir=args.dir)
    bench = bench_class(args)
    try:
        if bench.binaries is None:
            holder = Cluster(os.path.join(args.dir, "binaries"))
            os.makedirs(holder.directory)
            build(holder, "opt", tools)
            bench.binaries = holder.bin
        for section in args.sections or sections:
            print(section, flush=True)
            getattr(bench, section)()
    except ClusterError as error:
        print(str(error).replace("cluster.sh:", "measure:", 1), file=sys.stderr)
        return 1
    finally:
        bench.report()
        shutil.rmtree(args.dir, ignore_errors=True)
    return 0
